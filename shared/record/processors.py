"""Whether runs made on different processors score differently: rounding, and what the build of torch makes of it."""

import numpy as np
from scipy import stats

from shared.record.files import StudyRecord
from shared.record.kept import SCORING, Run
from shared.record.tabulate import read_study
from shared.statistics.catalogue import STATISTICS
from shared.statistics.inference import Runs
from shared.statistics.looks import ONE_SIDED


def compare_processors(study: StudyRecord) -> str | None:
    """One line on the study's runs, pooled within variants; None where one processor made all, or that is not known.

    Raises:
        ConfigError: a file of the record is damaged.
    """
    if study.spec.value is None or not study.runs.value:
        return None
    scored = [run for run in study.runs.value if run.kind == SCORING and run.seed is not None]
    names = sorted({run.processor for run in scored if run.processor is not None})
    if len(names) < 2:
        return None
    scores, found = read_study(study.spec.value), {}
    for side, metric in (*scores.terms, *scores.distances):
        made_by = _made_by(scored, side, scores.variants, scores.seeds)
        if (p := difference(scores.runs(side, metric), made_by)) is not None:
            found[f"{STATISTICS[metric].label} of {side}"] = p
    shown = f"runs of {len(names)} processors ({'; '.join(names)})"
    if not found:
        return f"{shown}: too few to tell whether they differ"
    name = min(found, key=lambda each: found[each])
    p = min(1.0, found[name] * len(found))
    said = "differ" if p < 2 * ONE_SIDED else "do not show a difference"
    return f"{shown} {said}; most in {name}, p = {p:.3g} of {len(found)} metrics together"


def difference(runs: Runs, made_by: np.ndarray) -> float | None:
    """p of an F test that processors, `(variants, seeds)`, add nothing to variants; None where it has no df."""
    first = [runs.shared.index(each) for each in dict.fromkeys(runs.shared)]  # each training once
    values, processors = runs.values[first].ravel(), made_by[first].ravel()
    variants = np.repeat(np.arange(len(first)), runs.values.shape[1])
    known = np.isfinite(values) & (processors != "")
    values, processors, variants = values[known], processors[known], variants[known]
    alone = (variants[:, None] == np.unique(variants)).astype(float)
    both = np.hstack([alone, processors[:, None] == np.unique(processors)[1:]])
    (left, rank), (less, more) = (_residual(design, values) for design in (alone, both))
    if more == rank or len(values) <= more or less <= 0:
        return None
    ratio = (left - less) / (more - rank) / (less / (len(values) - more))
    return float(stats.f.sf(ratio, more - rank, len(values) - more))


def _residual(design: np.ndarray, values: np.ndarray) -> tuple[float, int]:
    """Sum of squares that a linear model leaves, and its rank."""
    fitted, _, rank, _ = np.linalg.lstsq(design, values)
    return float(((values - design @ fitted) ** 2).sum()), int(rank)


def _made_by(runs: list[Run], side: str, variants: list[str], seeds: list[int]) -> np.ndarray:
    """Processor of each run of a side, `(variants, seeds)`; empty where it is not known."""
    known = {(run.variant, run.seed): run.processor or "" for run in runs if run.side == side}
    return np.array([[known.get((name, seed), "") for seed in seeds] for name in variants])
