"""The metric falls from each variant to the next, whichever way is better."""

from typing import TYPE_CHECKING

from shared.statistics.inference import Outcome, all_of, any_of, least
from shared.statistics.relations.base import Cells, Measured, Relation, in_order

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class Decreases(Relation):
    """The margin is the least fall between neighbours."""

    name = "decreases"

    def test(self, claim: "Claim", measured: list[Measured]) -> Outcome:
        """See `Relation`."""
        (values,) = measured
        steps = [values.higher(place, place + 1) for place in range(len(values) - 1)]
        return Outcome(all_of(each.above() for each in steps), any_of([each.below() for each in steps]), least(steps))

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        values = in_order(claim, self.needs(claim)[0], cells)
        return f"{values}; the least fall between neighbours is the margin"
