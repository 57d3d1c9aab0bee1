"""The metric lies within a share of `tolerance` of what the study's axis sets for each variant."""

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.statistics.catalogue import STATISTICS
from shared.statistics.inference import Outcome, equality
from shared.statistics.relations.base import Cells, Measured, Relation, given, what
from shared.statistics.words import number, show

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class HitsSetting(Relation):
    """The margin is what the tolerance leaves beyond the largest share by which a variant is off."""

    name = "hits_setting"
    least = 1
    tolerant = True
    of_setting = True

    def test(self, claim: "Claim", measured: list[Measured]) -> Outcome:
        """See `Relation`."""
        (values,) = measured
        shares = values.over_settings()
        off = [shares.effect({place: 1}) for place in range(len(values))]
        return equality([each._replace(estimate=each.estimate - 1) for each in off], given(claim.tolerance))

    def control(self, claim: "Claim", measured: list[Measured]) -> Outcome:
        """Each variant's value against the setting of another."""
        (values,) = measured
        return self.test(claim, [replace(values, settings=tuple(values.settings)[::-1])])

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        (need,) = self.needs(claim)
        rows = [cells[(name, *need)] for name in claim.variants]
        values = ", ".join(f"{show(STATISTICS[claim.metric], row.value)} for {row.setting}" for row in rows)
        return f"{what(need)} {values}, allowed are {number(100 * given(claim.tolerance))} % off"
