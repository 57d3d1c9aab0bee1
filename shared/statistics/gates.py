"""What must hold before a claim can be asked at all; a gate that is shut says so, with the number that shuts it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shared.config import ConfigError
from shared.files import read_csv
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import Claim, asked
from shared.statistics.inference import Runs, training_variance
from shared.statistics.paper import PaperValue
from shared.statistics.relations.base import SIDES, find_relation
from shared.statistics.scores import StudyScores
from shared.statistics.words import difference, number, show

MOST_WER = 0.15  # of the best generator: one that is worse does not speak
LEAST_OF_TRUTH = 2  # a generator with fewer errors than so many times the recordings' leaves none to compare
SPAN = 5  # standard deviations of training that an axis of reconstruction must span
CEILING = 0.02  # of the metric's range: nearer to its best value it can't tell latents apart
ERRORS = 2  # standard errors of a difference between recordings and reconstructions
Published = Mapping[tuple[str, str, str, str], PaperValue]


def shut(
    claim: Claim,
    scores: StudyScores,
    published: Published,
    settings: Mapping[str, Any],
    unordered: Mapping[str, str],
) -> str | None:
    """Why a claim, whose values are all there, can't be tested here, or None.

    Args:
        claim: the claim.
        scores: of its study.
        published: the paper's values of the source.
        settings: what the study's axis sets for each variant.
        unordered: of each metric that does not put its ladder in order, the rungs that it confuses.
    """
    for gate in (_ladder(unordered), _recordings, _speaks, _spans, _ceiling, _tolerance(published), _control(settings)):
        if reason := gate(claim, scores):
            return reason
    return None


def read_unordered(path: Path) -> dict[str, str]:
    """Of each metric that puts rungs of its ladder in the wrong order, which ones; two it can't tell apart are no fault.

    Raises:
        ConfigError: the file, which `shared.metrics.ladder` writes, is missing or damaged.
    """
    header, rows = read_csv(path, "delete it and run again")
    if not {"statistic", "faults"} <= set(header):
        raise ConfigError(f"{path}: no ladder in this file; delete it and run again")
    wrong = {row["statistic"]: [each for each in row["faults"].split("; ") if "<" in each] for row in rows}
    return {name: ", ".join(faults) for name, faults in wrong.items() if faults}


Gate = Callable[[Claim, StudyScores], str | None]


def _ladder(unordered: Mapping[str, str]) -> Gate:
    """Recordings, and the same with noise, are in order by the metric."""

    def gate(claim: Claim, scores: StudyScores) -> str | None:
        found = next((metric for _, metric in claim.needs() if metric in unordered), None)
        return found and f"{STATISTICS[found].label} does not order its ladder: {unordered[found]}"

    return gate


def _recordings(claim: Claim, scores: StudyScores) -> str | None:
    """No reconstruction is rated above the recordings."""
    for _, metric in claim.needs():
        if metric not in scores.ground_truth or ("reconstruction", metric) not in scores.terms:
            continue
        statistic, truth = STATISTICS[metric], scores.truth_runs(metric)
        runs = scores.runs("reconstruction", metric, plain=True)
        sign = 1 if statistic.higher_is_better else -1
        above = sign * (runs.means() - truth.values[0, 0])
        best = int(np.argmax(above))
        if above[best] > ERRORS * _error_from(runs, truth)[best]:
            ours, recorded = show(statistic, runs.means()[best]), show(statistic, truth.values[0, 0])
            return f"{statistic.label} rates reconstructions ({scores.variants[best]}: {ours}) above recordings ({recorded})"
    return None


def _error_from(runs: Runs, truth: Runs) -> np.ndarray:
    """Standard error over clips of each variant's difference from the recordings, `(variants,)`."""
    return np.sqrt(((runs.deviations.mean(axis=1) - truth.deviations[:, 0]) ** 2).sum(axis=1))


def _speaks(claim: Claim, scores: StudyScores) -> str | None:
    """The best generator of a study of speech speaks, and where WER is compared makes errors to compare."""
    asked_for = [metric for side, metric in claim.needs() if side == "generation"]
    if not asked_for or ("generation", "wer") not in scores.terms:
        return None
    best = scores.values("generation", "wer").min()
    if best > MOST_WER:
        return f"the best generator's WER is {100 * best:.1f} %, above {100 * MOST_WER:.0f} %"
    if "wer" in asked_for and "wer" in scores.ground_truth:
        recorded = scores.truth_runs("wer").values[0, 0]
        if best < LEAST_OF_TRUTH * recorded:
            return f"the best generator's WER, {100 * best:.1f} %, is less than twice the recordings', {100 * recorded:.1f} %"
    return None


def _spans(claim: Claim, scores: StudyScores) -> str | None:
    """Where ranks by reconstruction are compared, it differs by more than trainings do."""
    if not find_relation(claim.relation).both_sides or len(scores.seeds) < 2:
        return None
    side, metric = claim.needs()[0]
    runs = scores.runs(side, metric).of([scores.variants.index(name) for name in claim.variants])
    sd, span = np.sqrt(training_variance(runs)[0]), np.ptp(runs.means())
    if span > SPAN * sd:
        return None
    return f"{STATISTICS[metric].label} spans {number(span / sd)} standard deviations of training, {SPAN} are needed"


def _ceiling(claim: Claim, scores: StudyScores) -> str | None:
    """Not all that is compared is as good as the metric can say."""
    for side, metric in claim.needs():
        statistic = STATISTICS[metric]
        low, high = statistic.bounds
        values = scores.values(side, metric)[[scores.variants.index(name) for name in claim.variants]]
        if np.isfinite([low, high]).all():
            top = high if statistic.higher_is_better else low
            if np.abs(values - top).max() < CEILING * (high - low):
                return f"{STATISTICS[metric].label} is at its best value, {show(statistic, top)}, to within 2 % of its range"
    return None


def _tolerance(published: Published) -> Gate:
    """What counts as equal is at most a quarter of what the study ranges over, or the paper's own difference."""

    def gate(claim: Claim, scores: StudyScores) -> str | None:
        relation = find_relation(claim.relation)
        if claim.tolerance is None or relation.of_setting:
            return None
        (side, metric), *others = claim.needs()
        values = scores.by_run(side, metric).mean(axis=1)
        if others:
            values = values - scores.by_run(*others[0]).mean(axis=1)
        own = float(np.ptp(values)) / 4
        theirs = [published.get((claim.study, name, side, metric)) for name in claim.variants]
        papers = [each.value for each in theirs if each is not None]
        allowed = max(own, float(np.ptp(papers)) if len(papers) == len(theirs) and len(papers) > 1 else 0.0)
        if claim.tolerance <= allowed * (1 + 1e-9):
            return None
        given, most = (difference(STATISTICS[metric], each) for each in (claim.tolerance, allowed))
        return f"a tolerance of {given} is more than {most}, a quarter of the study's range or the paper's difference"

    return gate


def _control(settings: Mapping[str, Any]) -> Gate:
    """Where it would be false, a claim of no difference fails."""

    def gate(claim: Claim, scores: StudyScores) -> str | None:
        if claim.control is None:
            return None
        margin = asked(claim, scores, settings, claim.control).effect.estimate
        if margin < 0:
            return None
        return f"its control, {' and '.join(claim.control)}, does not differ either: {number(margin)} within the tolerance"

    return gate
