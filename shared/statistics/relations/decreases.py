"""The metric falls from each variant to the next, whichever way is better."""

from typing import TYPE_CHECKING

from shared.statistics.inference import Outcome, every_one
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
        return every_one(steps)

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        values = in_order(claim, self.needs(claim)[0], cells)
        return f"{values}; the least fall between neighbours is the margin"
