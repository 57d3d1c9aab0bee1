"""What a verdict rests on, in a sentence: our values of the variants that its claim compares, and the margin."""

from shared.record.table import Row
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import NOT_TESTABLE, Claim, Verdict
from shared.statistics.relations.base import find_relation
from shared.statistics.words import difference, number


def evidence(verdict: Verdict, claim: Claim | None, rows: list[Row]) -> str:
    """One or two sentences; without the claim or the values, the margin alone.

    Args:
        verdict: what became of the claim.
        claim: as `claims.yaml` has it now, if it still has it.
        rows: the study's table.
    """
    if verdict.verdict == NOT_TESTABLE:
        return f"Not tested: {verdict.reason}."
    cells = {(row.variant, row.side, row.metric): row for row in rows if row.value is not None}
    note = f" ({verdict.reason})" if verdict.reason else ""
    if claim is None or not all((name, *need) in cells for need in claim.needs() for name in claim.variants):
        return f"Margin {number(verdict.margin)} {_interval(verdict, 1)}, in the metric's own unit{note}."
    return f"{find_relation(claim.relation).sentence(claim, cells)}; {margin(verdict, claim)}{note}."


def margin(verdict: Verdict, claim: Claim) -> str:
    """`margin 14.3 points [7.3, 22.5]`: positive where the claim holds; of rates in percentage points."""
    metric = STATISTICS[claim.needs()[-1][1]]
    if find_relation(claim.relation).of_setting:
        return f"margin {number(100 * verdict.margin)} % of the setting {_interval(verdict, 100)}"
    return f"margin {difference(metric, verdict.margin)} {_interval(verdict, 100 if metric.percent else 1)}"


def _interval(verdict: Verdict, factor: float) -> str:
    return f"[{number(factor * verdict.low)}, {number(factor * verdict.high)}]"
