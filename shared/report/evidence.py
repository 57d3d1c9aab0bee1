"""What a verdict rests on, in a sentence: our values of the variants that its claim compares, and the margin."""

from typing import NamedTuple

from shared.record.table import Row, measured
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import Claim, Verdict
from shared.statistics.relations.base import find_relation
from shared.statistics.words import difference, number


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
    return f"{find_relation(claim.relation).sentence(claim, cells)}; {margin(found, claim)}{note}."


def margin(found: Margin, claim: Claim) -> str:
    """`margin 14.3 points [7.3, 22.5]`: positive where the claim holds; of rates in percentage points."""
    metric = STATISTICS[claim.needs()[-1][1]]
    if find_relation(claim.relation).of_setting:
        return f"margin {number(100 * found.value)} % of the setting {_interval(found, 100)}"
    return f"margin {difference(metric, found.value)} {_interval(found, 100 if metric.percent else 1)}"


def _interval(found: Margin, factor: float) -> str:
    return f"[{number(factor * found.low)}, {number(factor * found.high)}]"
