"""What a verdict rests on, in a sentence: our values of the variants that its claim compares, and the margin."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from shared.metrics.statistic import Statistic
from shared.record.table import Measured, Row, measured
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import Claim, Verdict

SIDES = {"reconstruction": "Reconstruction", "generation": "Generation"}
Cells = dict[tuple[str, str, str], Measured]


class Margin(NamedTuple):
    """By how much a claim holds, and the ends of the interval."""

    value: float
    low: float
    high: float


def evidence(verdict: Verdict, claim: Claim | None, rows: list[Row]) -> str:
    """One or two sentences; without the claim or the values, the margin alone.

    Args:
        verdict: what became of the claim.
        claim: as `claims.yaml` has it now, if it still has it.
        rows: the study's table.
    """
    if verdict.margin is None or verdict.low is None or verdict.high is None:
        return f"Not tested: {verdict.reason}."
    found = Margin(verdict.margin, verdict.low, verdict.high)
    cells = {(row.variant, row.side, row.metric): row for row in measured(rows)}
    note = f" ({verdict.reason})" if verdict.reason else ""
    if claim is None or not all((name, *need) in cells for need in claim.needs() for name in claim.variants):
        return f"Margin {number(found.value)} {_interval(found, 1)}, in the metric's own unit{note}."
    return f"{_SENTENCES[claim.relation](claim, cells)}; {margin(found, claim)}{note}."


def margin(found: Margin, claim: Claim) -> str:
    """`margin 14.3 points [7.3, 22.5]`: positive where the claim holds; of rates in percentage points."""
    metric = STATISTICS[claim.needs()[-1][1]]
    if claim.relation == "hits_setting":
        return f"margin {number(100 * found.value)} % of the setting {_interval(found, 100)}"
    return f"margin {_difference(metric, found.value)} {_interval(found, 100 if metric.percent else 1)}"


def _difference(metric: Statistic, value: float) -> str:
    """A difference of two values: of rates in percentage points."""
    if not metric.percent:
        return number(value)
    points = number(100 * value)
    return f"{points} {'point' if points == '1' else 'points'}"


def _interval(found: Margin, factor: float) -> str:
    return f"[{number(factor * found.low)}, {number(factor * found.high)}]"


def number(value: float) -> str:
    """Three significant digits without an exponent, and a real minus sign."""
    return np.format_float_positional(value, precision=3, unique=False, fractional=False, trim="-").replace("-", "−")


def show(metric: Statistic, value: float) -> str:
    """A value as a sentence has it: rates in percent, to three digits."""
    return f"{number(100 * value)} %" if metric.percent else number(value)


def _named(claim: Claim, need: tuple[str, str], cells: Cells) -> list[tuple[str, str]]:
    """`(label, value)` of each variant."""
    found = [cells[(name, *need)] for name in claim.variants]
    return [(row.label, show(STATISTICS[row.metric], row.value)) for row in found]


def _what(need: tuple[str, str]) -> str:
    side, metric = need
    return f"{SIDES[side]} {STATISTICS[metric].label}"


def _better(claim: Claim, cells: Cells) -> str:
    need = claim.needs()[0]
    (first, ours), (second, other) = _named(claim, need, cells)
    return f"{_what(need)} {ours} on {first} against {other} on {second}"


def _in_order(claim: Claim, cells: Cells) -> str:
    need = claim.needs()[0]
    values = ", ".join(f"{value} ({label})" for label, value in _named(claim, need, cells))
    return f"{_what(need)} {values}"


def _steps(claim: Claim, cells: Cells) -> str:
    way = "rise" if claim.relation == "increases" else "fall"
    return f"{_in_order(claim, cells)}; the least {way} between neighbours is the margin"


def _peak(claim: Claim, cells: Cells) -> str:
    return f"{_in_order(claim, cells)}; the margin is how much better the best inner one is than the better end"


def _within(claim: Claim, cells: Cells) -> str:
    metric = STATISTICS[claim.metric]
    values = [cells[(name, *claim.needs()[0])].value for name in claim.variants]
    spread, allowed = (_difference(metric, each) for each in (np.ptp(values), _tolerance(claim)))
    return f"{_in_order(claim, cells)}: {spread} apart, allowed are {allowed}"


def _tolerance(claim: Claim) -> float:
    if claim.tolerance is None:
        raise ValueError(f"{claim.id}: {claim.relation} has no tolerance")
    return claim.tolerance


def _hits(claim: Claim, cells: Cells) -> str:
    need = claim.needs()[0]
    rows = [cells[(name, *need)] for name in claim.variants]
    values = ", ".join(f"{show(STATISTICS[row.metric], row.value)} for {row.setting}" for row in rows)
    return f"{_what(need)} {values}, allowed are {number(100 * _tolerance(claim))} % off"


def _ranks(claim: Claim, cells: Cells) -> str:
    """Which variant is best by either side's metric."""
    best = {}
    for need in claim.needs():
        sign = 1 if STATISTICS[need[1]].higher_is_better else -1
        best[need] = max((cells[(name, *need)] for name in claim.variants), key=lambda row: sign * row.value)
    (first, reconstructs), (second, generates) = best.items()
    value = show(STATISTICS[second[1]], cells[(reconstructs.variant, *second)].value)
    text = f"{_what(first)} is best on {reconstructs.label} ({show(STATISTICS[first[1]], reconstructs.value)})"
    if reconstructs.variant == generates.variant:
        return f"{text}, and so is {_what(second)} ({value})"
    better = show(STATISTICS[second[1]], generates.value)
    return f"{text}, {_what(second)} on {generates.label} ({better} against {value})"


def _against(claim: Claim, cells: Cells) -> str:
    first, second = claim.needs()
    pairs = zip(_named(claim, first, cells), _named(claim, second, cells), strict=True)
    values = ", ".join(f"{ours} against {other} ({label})" for (label, ours), (_, other) in pairs)
    text = f"{_what(first)}, against {STATISTICS[second[1]].label}: {values}"
    if claim.relation == "inflates":
        return f"{text}; the least excess is the margin"
    return f"{text}; allowed are {_difference(STATISTICS[claim.metric], _tolerance(claim))} apart"


def _gaps(claim: Claim, cells: Cells) -> str:
    need = claim.needs()[0]
    named = _named(claim, need, cells)
    pairs = [f"{one} ({a}) against {two} ({b})" for (a, one), (b, two) in zip(named[::2], named[1::2], strict=True)]
    return f"{_what(need)} {', then '.join(pairs)}; the margin is the least that the gap widens"


_SENTENCES: dict[str, Callable[[Claim, Cells], str]] = {
    "better": _better,
    "increases": _steps,
    "decreases": _steps,
    "peaks_inside": _peak,
    "within": _within,
    "hits_setting": _hits,
    "ranks_disagree": _ranks,
    "gap_widens": _gaps,
    "stays": _against,
    "inflates": _against,
}
