"""What a verdict rests on, in a sentence: our values of the variants that its claim compares, and the margin."""

import math

from shared.record.table import Row, measured
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import Claim, Verdict
from shared.statistics.relations.base import find_relation
from shared.statistics.words import number


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
        return f"{margin(verdict, None).capitalize()}{note}."
    return f"{find_relation(claim.relation).sentence(claim, cells)}; {margin(verdict, claim)}{note}."


def margin(verdict: Verdict, claim: Claim | None) -> str:
    """`margin ×2.3 [1.4, 3.8]` or `margin 0.41 [0.2, 0.6]`: by how much it holds, against 1 or 0."""
    metric = None if claim is None else STATISTICS[claim.needs()[-1][1]]
    if verdict.scale == "log":
        shown, before, after = _exp, "×", ""
    else:
        factor = 100 if verdict.scale == "share" or (metric and metric.percent and verdict.scale == "plain") else 1
        unit = " % of the setting" if verdict.scale == "share" else " points" if factor == 100 else ""
        unit = " of z" if verdict.scale == "fisher_z" else unit
        shown, before, after = (lambda value: factor * value), "", unit
    if verdict.margin is None:
        raise ValueError("what was not tested has no margin")
    text = f"margin {before}{number(shown(verdict.margin))}{after}"
    if verdict.low is None or verdict.high is None:
        return text
    return f"{text} [{', '.join(number(shown(end)) for end in (verdict.low, verdict.high))}]"


def _exp(value: float) -> float:
    return math.exp(value)
