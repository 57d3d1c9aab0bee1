"""What a verdict rests on, in a sentence: our values of the variants that its claim compares, and the margin."""

from shared.record.table import Row, measured, show_margin
from shared.statistics.claims import Claim, Verdict
from shared.statistics.relations.base import find_relation


def evidence(verdict: Verdict, claim: Claim | None, rows: list[Row]) -> str:
    """One or two sentences; without the claim or the values, the margin alone.

    Args:
        verdict: what became of the claim.
        claim: as `claims.yaml` has it now, if it still has it.
        rows: the study's table.
    """
    if verdict.margin is None:
        return f"Not tested: {verdict.reason}."
    cells = {(row.variant, row.side, row.metric): row for row in measured(rows)}
    note = f" ({verdict.reason})" if verdict.reason else ""
    if claim is None or not all((name, *need) in cells for need in claim.needs() for name in claim.variants):
        return f"Margin {show_margin(verdict)}{note}."
    return f"{find_relation(claim.relation).sentence(claim, cells)}; margin {show_margin(verdict)}{note}."
