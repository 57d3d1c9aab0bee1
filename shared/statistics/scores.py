"""Per-clip scores of a study, as arrays whose pairs line up: same clip, same place, in every variant."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from shared.config import ConfigError
from shared.files import beside, finite, read_csv
from shared.measurements.base import Alone, Measurement, Replicated, measurements
from shared.metrics.config import KadConfig
from shared.metrics.embeddings import EMBEDDINGS, read_embeddings
from shared.metrics.failure import NotMeasured
from shared.metrics.of_sets import find_set_metric
from shared.statistics.catalogue import STATISTICS, score_bounds
from shared.statistics.distances import Distances
from shared.statistics.inference import Runs

GROUND_TRUTH = "ground_truth"
SCORES = "scores.csv"  # what a scoring job writes


@dataclass(frozen=True)
class ScoreFile:
    """One scores.csv: columns of numbers by name, NaN where a clip has none, and why metrics are missing.

    A clip by nobody has an empty speaker.
    """

    clips: list[str]
    speakers: list[str]
    columns: dict[str, np.ndarray]
    reasons: dict[str, str]


@dataclass
class StudyScores:
    """Scores of all variants.

    Attributes:
        variants: their names, in the study's order.
        seeds: training seeds.
        clips: ids of the test clips.
        terms: `(side, metric)` → `(variants, 2, seeds, clips)` numerators and denominators.
        distances: `(side, metric)` → a metric of the set, which has no terms.
        ground_truth: metric → `(2, 1, clips)`.
        replicated: `(side, metric)` → what the jobs that measured latents have bootstrapped.
        alone: `(side, metric)` → variant → what they have of those variants, without an interval.
        missing: `(side, metric)` → why there are no values, or none that a claim could be tested on.
        groups: of each clip `(clips,)`, the number of its speaker; its own where nobody speaks, or one speaker all,
            of whom alone the clips then tell.
        shared: side → of each variant the number of its training; variants of one training have the same.
    """

    variants: list[str]
    seeds: list[int]
    clips: list[str]
    terms: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    distances: dict[tuple[str, str], Distances] = field(default_factory=dict)
    ground_truth: dict[str, np.ndarray] = field(default_factory=dict)
    replicated: dict[tuple[str, str], Replicated] = field(default_factory=dict)
    alone: dict[tuple[str, str], dict[str, Alone]] = field(default_factory=dict)
    missing: dict[tuple[str, str], str] = field(default_factory=dict)
    groups: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    shared: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(np.unique(self.groups)) < 2:
            self.groups = np.arange(len(self.clips))

    def measured(self, side: str, metric: str) -> bool:
        """Whether all variants have a value."""
        return any((side, metric) in kind for kind in (self.terms, self.distances, self.replicated))

    def values(self, side: str, metric: str) -> np.ndarray:
        """The metric of each variant over all clips and seeds, `(variants,)`."""
        terms = self.terms.get((side, metric))
        return self.by_run(side, metric).mean(axis=1) if terms is None else ratio(terms)

    def by_run(self, side: str, metric: str) -> np.ndarray:
        """The metric of each run, `(variants, seeds)`."""
        terms = self.terms.get((side, metric))
        if terms is not None:
            return ratio(terms, clips_only=True)
        of_set = self.distances.get((side, metric))
        return self.replicated[side, metric].by_seed if of_set is None else of_set.values()

    def runs(self, side: str, metric: str, plain: bool = False, first: int | None = None) -> Runs:
        """Each run's score and how it varies over clips, on the scale on which the metric is analysed.

        Args:
            side, metric: what has been measured.
            plain: on the metric's own scale instead.
            first: of so many seeds alone, as an earlier look saw them; None: of all.
        """
        terms = self.terms.get((side, metric))
        of_set = self.distances.get((side, metric))
        if of_set is not None and first is not None:  # another run may lack the embedding of a clip
            of_set = replace(of_set, sets=of_set.sets[:, :first])
        if terms is not None:
            values, deviations = of_terms(terms, self.groups, _counts(metric) and not plain)
        elif of_set is not None:
            values, deviations = of_set.values(), of_set.deviations(self.groups)
        else:
            values, deviations = self.by_run(side, metric), self.replicated[side, metric].deviations()
        shared = self.shared.get(side, tuple(range(len(self.variants))))
        if not plain:
            values, deviations = _on_scale(metric, values, deviations)
        return Runs(values[:, :first], deviations[:, :first], shared)

    def truth_runs(self, metric: str, plain: bool = False) -> Runs:
        """The recordings as if they were one variant with one run; `plain` as of `runs`."""
        found = of_terms(self.ground_truth[metric][None], self.groups, _counts(metric) and not plain)
        return Runs(*(found if plain else _on_scale(metric, *found)), (0,))

    def counts(self, side: str, metric: str) -> np.ndarray:
        """Clips that count, over all seeds, of each variant, `(variants,)`."""
        terms = self.terms.get((side, metric))
        if terms is None:
            of_set = self.distances.get((side, metric)) or self.replicated[side, metric]
            return np.full(len(self.variants), np.sum(of_set.clips) * len(self.seeds))
        return (terms[:, 1] > 0).sum((-2, -1))


def _counts(metric: str) -> bool:
    """Whether it is a rate of errors, of which there may be none."""
    return STATISTICS[metric].percent and STATISTICS[metric].analysed == "log"


def _on_scale(metric: str, values: np.ndarray, deviations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values and deviations, on the scale on which the metric is analysed."""
    statistic = STATISTICS[metric]
    return statistic.to_scale(values), statistic.slope(values)[..., None] * deviations


def ratio(terms: np.ndarray, clips_only: bool = False) -> np.ndarray:
    """Σ numerator / Σ denominator of `(..., 2, seeds, clips)`: `(...)`, or `(..., seeds)` over the clips only.

    NaN where nothing was scored.
    """
    sums = np.moveaxis(terms.sum(axis=-1), -2, -1) if clips_only else terms.sum(axis=(-2, -1))
    top, bottom = sums[..., 0], sums[..., 1]
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def of_terms(terms: np.ndarray, groups: np.ndarray, half: bool) -> tuple[np.ndarray, np.ndarray]:
    """Values and deviations of runs, as of `Runs`, by the delta method.

    Args:
        terms: `(variants, 2, seeds, clips)`.
        groups: `(clips,)`; clips of one speaker go together.
        half: half an error is added to each run's, so that none at all has a logarithm (Haldane 1956).
    """
    top, bottom = (terms[:, side] for side in (0, 1))
    total = bottom.sum(axis=2)
    total = np.where(total > 0, total, np.nan)
    values = ratio(terms, clips_only=True)
    by_clip = (top - values[..., None] * bottom) / total[..., None]
    of_group = np.eye(groups.max() + 1)[groups]
    count = of_group.shape[1]
    deviations = by_clip @ of_group * np.sqrt(count / max(count - 1, 1))
    return (values + 0.5 / total if half else values), deviations


def read_scores(path: Path) -> ScoreFile:
    """Read a scores.csv.

    Raises:
        ConfigError: it is missing, empty or damaged, has a clip twice, or a score that is not finite or that the metric
            can't have; the message names it and what to do.
    """
    header, rows = read_csv(path, "delete it and run again")
    if not rows or "id" not in header:
        raise ConfigError(f"{path}: no scores in this file; delete it and run again")
    if twice := _twice(row["id"] for row in rows):
        raise ConfigError(f"{path}: clip {twice} is there twice; delete the file and run again")
    wanted = {column for each in STATISTICS.values() for column in each.columns()} & set(header)
    columns = {name: _scores(path, rows, name) for name in sorted(wanted)}
    reasons: dict[str, str] = {}
    for row in rows:
        for part in filter(None, (row.get("reason") or "").split(";")):
            metric, _, reason = part.strip().partition(": ")
            reasons.setdefault(metric, reason)
    return ScoreFile([row["id"] for row in rows], [row.get("speaker") or "" for row in rows], columns, reasons)


def _twice(names: Iterable[str]) -> str | None:
    """The first that there are two of."""
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _scores(path: Path, rows: list[dict[str, str]], column: str) -> np.ndarray:
    """`(clips,)`: a column of scores.csv; NaN where the cell is empty."""
    found = []
    for row in rows:
        try:
            found.append(finite(row[column]) if row[column] else math.nan)
        except ValueError:
            raise _wrong_score(path, column, row, "is not a number") from None
    low, high = score_bounds(column)
    for row, value in zip(rows, found, strict=True):
        if value < low or value > high:
            raise _wrong_score(path, column, row, f"can't be {row[column]}")
    return np.array(found)


def _wrong_score(path: Path, column: str, row: dict[str, str], problem: str) -> ConfigError:
    return ConfigError(f"{path}: {column} of clip {row['id']} {problem}; delete the file and run again")


def load_study(
    variants: list[str],
    seeds: list[int],
    files: dict[tuple[str, int, str], Path],
    truth: Path | None,
    set_metrics: dict[str, list[str]] | None = None,
    kad: KadConfig | None = None,
    latents: dict[str, dict[tuple[str, int], Path]] | None = None,
    trainings: dict[str, list[str]] | None = None,
) -> StudyScores:
    """Read the scores of a study as `StudyScores`.

    Args:
        variants: their names.
        seeds: training seeds.
        files: scores.csv of each (variant, seed, side).
        truth: scores.csv of the ground truth, if it is scored.
        set_metrics: side → the metrics of the set that are asked; they need the truth.
        kad: conventions of KAD, if they are not its paper's.
        latents: measurement → the file of each (variant, seed) that asks for it. Of one that is by clip, none counts
            where some variant lacks it.
        trainings: side → what names the training of each variant, where some share one.

    Raises:
        ConfigError: two files do not score the same clips, or one is damaged.
    """
    latents = latents or {}
    by_clip = [each for each in measurements() if each.by_clip and latents.get(each.name)]
    of_latents = {(*key, each.name): path for each in by_clip for key, path in latents[each.name].items()}
    paths: dict[Any, Path] = {**({} if truth is None else {GROUND_TRUTH: truth}), **files, **of_latents}
    read = {key: read_scores(path) for key, path in paths.items()}
    if not read:  # a record of before scores were kept
        return StudyScores(variants, seeds, [])
    first = next(iter(paths))
    clips = sorted(read[first].clips)
    for key, scored in read.items():
        if sorted(scored.clips) != clips:
            raise ConfigError(
                f"{paths[key]}: scores other clips than {paths[first]}; delete both folders and run again"
            )
    study = StudyScores(variants, seeds, clips, groups=_groups(read[first]))
    study.shared = {side: tuple(map(names.index, names)) for side, names in (trainings or {}).items()}
    for side in sorted({side for _, _, side in files}):
        for metric in STATISTICS:
            _collect(study, side, metric, [[read[name, seed, side] for seed in seeds] for name in variants])
        asked = (set_metrics or {}).get(side)
        if asked and truth is not None:
            places = [[files[name, seed, side] for seed in seeds] for name in variants]
            _collect_sets(study, side, asked, places, truth, kad or KadConfig())
    for measurement in measurements():
        _collect_measured(study, measurement, latents.get(measurement.name, {}), read)
    for metric, each in STATISTICS.items() if truth is not None else ():
        if not each.of_set and set(each.columns()) <= read[GROUND_TRUTH].columns.keys():
            study.ground_truth[metric] = _ordered_terms(read[GROUND_TRUTH], metric)[:, None]
    return study


def _collect(study: StudyScores, side: str, metric: str, files: list[list[ScoreFile]]) -> None:
    """Add one metric of one side, or why there is none."""
    flat = [file for row in files for file in row]
    if not all(set(STATISTICS[metric].columns()) <= file.columns.keys() for file in flat):
        study.missing[side, metric] = f"{metric} is not computed for {side} at this scale"
        return
    stacked = np.array([[_ordered_terms(file, metric) for file in row] for row in files])
    terms = np.moveaxis(stacked, 1, 2)  # (variants, seeds, 2, clips) → (variants, 2, seeds, clips)
    if (terms[:, 1].sum(axis=(-2, -1)) == 0).any():
        # That of noise_pesq20 may be noise_pesq's.
        names = metric, metric.rstrip("0123456789")
        reasons = [file.reasons[name] for file in flat for name in names if name in file.reasons]
        study.missing[side, metric] = reasons[0] if reasons else f"{metric} has no value on any clip"
        return
    study.terms[side, metric] = terms


def _collect_sets(
    study: StudyScores, side: str, metrics: list[str], files: list[list[Path]], truth: Path, kad: KadConfig
) -> None:
    """Add the set metrics of one side, or why there are none; they replace what `_collect` found no column for."""
    read = [[read_embeddings(beside(path, SCORES, EMBEDDINGS), study.clips) for path in row] for row in files]
    reference = read_embeddings(beside(truth, SCORES, EMBEDDINGS), study.clips)
    for metric in metrics:
        distances = Distances(find_set_metric(metric), reference, np.array(read), kad)
        try:
            distances.values()
        except NotMeasured as error:
            study.missing[side, metric] = f"{metric}: {error}"
        else:
            del study.missing[side, metric]
            study.distances[side, metric] = distances


def _collect_measured(
    study: StudyScores, measurement: Measurement, files: dict[tuple[str, int], Path], read: dict[Any, ScoreFile]
) -> None:
    """Add what was measured of latents, where all variants have it if it is by clip."""
    if not measurement.by_clip:
        _collect_latents(study, measurement, files)
    elif len(files) == len(study.variants) * len(study.seeds):
        of_variants = [[read[name, seed, measurement.name] for seed in study.seeds] for name in study.variants]
        for each in measurement.statistics:
            study.missing.pop((measurement.side, each.name), None)
            _collect(study, measurement.side, each.name, of_variants)


def _collect_latents(study: StudyScores, measurement: Measurement, files: dict[tuple[str, int], Path]) -> None:
    """Add what a job of its own measured, or why nothing is known; it replaces what `_collect` found no column for."""
    side, found = measurement.side, measurement.collect(study.variants, read_latents(measurement, files))
    for name, each in found.replicated.items():
        study.missing.pop((side, name), None)
        study.replicated[side, name] = each
    study.alone |= {(side, name): each for name, each in found.alone.items()}
    study.missing |= {(side, name): why for name, why in found.missing.items()}


def read_latents(measurement: Measurement, files: dict[tuple[str, int], Path]) -> dict[str, list[Any]]:
    """Variant → what a measurement's files say, by seed.

    Raises:
        ConfigError: a file is missing or damaged.
    """
    found: dict[str, list[Any]] = {}
    for (variant, _), path in files.items():
        found.setdefault(variant, []).append(measurement.read(path))
    return found


def _groups(file: ScoreFile) -> np.ndarray:
    """`(clips,)` in the order of the sorted ids: clips by one speaker have one number."""
    spoken = [speaker or f"clip {clip}" for clip, speaker in sorted(zip(file.clips, file.speakers, strict=True))]
    return np.unique(spoken, return_inverse=True)[1]


def _ordered_terms(file: ScoreFile, metric: str) -> np.ndarray:
    """`(2, clips)` in the order of the sorted clip ids."""
    return STATISTICS[metric].terms(file.columns)[:, np.argsort(file.clips)]
