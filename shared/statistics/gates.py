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
from shared.statistics.looks import ONE_SIDED
from shared.statistics.paper import PaperValue
from shared.statistics.relations.base import find_relation
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
    gates = (
        _ladder(unordered), _recordings, _speaks, _spans, _ceiling, _numbers(settings), _apart,
        _tolerance(published), _control(settings),
    )  # fmt: skip
    for gate in gates:
        if reason := gate(claim, scores):
            return reason
    return None


def read_unordered(path: Path) -> dict[str, str]:
    """Of each metric that puts rungs of its ladder in the wrong order, which; equal ones are no fault.

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
        statistic = STATISTICS[metric]
        both = metric in scores.ground_truth and ("reconstruction", metric) in scores.terms
        if not both or statistic.of_voice:
            continue
        truth = scores.truth_runs(metric, plain=True)
        runs = scores.runs("reconstruction", metric, plain=True)
        sign = 1 if statistic.higher_is_better else -1
        above = sign * (runs.means() - truth.values[0, 0])
        surely = above - ERRORS * _error_from(runs, truth)
        if (surely > 0).any():
            best = int(np.nanargmax(surely))
            ours, recorded = show(statistic, runs.means()[best]), show(statistic, truth.values[0, 0])
            rated = f"{scores.variants[best]}: {ours}"
            return f"{statistic.label} rates reconstructions ({rated}) above recordings ({recorded})"
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
        recorded = scores.truth_runs("wer", plain=True).values[0, 0]
        if best < LEAST_OF_TRUTH * recorded:
            ours, theirs = f"{100 * best:.1f} %", f"{100 * recorded:.1f} %"
            return f"the best generator's WER, {ours}, is less than twice the recordings', {theirs}"
    return None


def _spans(claim: Claim, scores: StudyScores) -> str | None:
    """Where ranks by reconstruction are compared, it differs by more than trainings do."""
    if not find_relation(claim.relation).both_sides or len(scores.seeds) < 2:
        return None
    side, metric = claim.needs()[0]
    runs = scores.runs(side, metric).of([scores.variants.index(name) for name in claim.variants])
    sd, span = np.sqrt(training_variance(runs)[0]), np.ptp(runs.means())
    if span > SPAN * sd or not np.isfinite(span):
        return None
    if sd == 0:
        return f"{STATISTICS[metric].label} is the same in every run"
    return f"{STATISTICS[metric].label} spans {number(span / sd)} standard deviations of training, {SPAN} are needed"


def _ceiling(claim: Claim, scores: StudyScores) -> str | None:
    """Not all that is compared is as good as the metric can say."""
    for side, metric in claim.needs():
        statistic = STATISTICS[metric]
        low, high = statistic.bounds
        values = scores.values(side, metric)[[scores.variants.index(name) for name in claim.variants]]
        top = high if statistic.higher_is_better else low
        if not np.isfinite(top):
            continue
        if (values == top).all():
            return f"{statistic.label} is at its best value, {show(statistic, top)}, in every run"
        if np.isfinite(high - low) and np.abs(values - top).max() < CEILING * (high - low):
            return f"{statistic.label} is at its best value, {show(statistic, top)}, to within 2 % of its range"
    return None


def _numbers(settings: Mapping[str, Any]) -> Gate:
    """What values are compared with is a number, of which there are shares."""

    def gate(claim: Claim, scores: StudyScores) -> str | None:
        if not find_relation(claim.relation).of_setting:
            return None
        for name in (*claim.variants, *(claim.control or ())):
            value = settings.get(name)
            if isinstance(value, bool) or not isinstance(value, int | float) or value == 0:
                return f"the study's axis sets no number of which there are shares for {name}: {value}"
        return None

    return gate


def _apart(claim: Claim, scores: StudyScores) -> str | None:
    """What a claim calls equal is not one and the same, such as values of one frozen encoder."""
    relation = find_relation(claim.relation)
    if claim.tolerance is None or relation.of_setting:
        return None
    values = _compared(claim, scores)[[scores.variants.index(name) for name in claim.variants]]
    same = values - values[0] if len(claim.needs()) == 1 else values
    return "all that it compares is the same in every run, by construction" if (same == 0).all() else None


def _compared(claim: Claim, scores: StudyScores) -> np.ndarray:
    """What a claim of no difference is about, of every variant of the study, `(variants, seeds)`."""
    first, *others = (scores.by_run(*need) for need in claim.needs())
    return first - others[0] if others else first


def _tolerance(published: Published) -> Gate:
    """What counts as equal is at most a quarter of what the study ranges over, or the paper's own difference."""

    def gate(claim: Claim, scores: StudyScores) -> str | None:
        relation = find_relation(claim.relation)
        if claim.tolerance is None or relation.of_setting:
            return None
        own = float(np.ptp(_compared(claim, scores).mean(axis=1))) / 4
        allowed = max(own, _papers_difference(claim, published))
        if claim.tolerance <= allowed * (1 + 1e-9):
            return None
        metric = claim.metric
        given, most = (difference(STATISTICS[metric], each) for each in (claim.tolerance, allowed))
        return f"a tolerance of {given} is more than {most}, a quarter of the study's range or the paper's difference"

    return gate


def _papers_difference(claim: Claim, published: Published) -> float:
    """The greatest that the paper has of what the claim calls equal; 0 where it does not print all of it."""
    found = [[published.get((claim.study, name, *need)) for name in claim.variants] for need in claim.needs()]
    if any(each is None for values in found for each in values):
        return 0.0
    first, *others = (np.array([each.value for each in values if each]) for values in found)
    return float(np.abs(first - others[0]).max()) if others else float(np.ptp(first))


def _control(settings: Mapping[str, Any]) -> Gate:
    """Where it would be false, a claim of no difference fails: as surely as a claim must, if there are several runs."""

    def gate(claim: Claim, scores: StudyScores) -> str | None:
        if claim.control is None:
            return None
        found, names = asked(claim, scores, settings, claim.control), " and ".join(claim.control)
        margin = found.effect.estimate
        if margin >= 0:
            return f"its control, {names}, does not differ either: {number(margin)} within the tolerance"
        if found.fails >= ONE_SIDED:
            return f"its control, {names}, can't be told from no difference: p = {number(found.fails)}"
        return None

    return gate
