"""The metric rises from each variant to the next, whichever way is better."""

from typing import TYPE_CHECKING

from shared.statistics.inference import Outcome, every_one
from shared.statistics.relations.base import Cells, Measured, Relation, in_order

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class Increases(Relation):
    """The margin is the least rise between neighbours."""

    name = "increases"

    def test(self, claim: "Claim", measured: list[Measured]) -> Outcome:
        """See `Relation`."""
        (values,) = measured
        steps = [values.higher(place + 1, place) for place in range(len(values) - 1)]
        return every_one(steps)

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        values = in_order(claim, self.needs(claim)[0], cells)
        return f"{values}; the least rise between neighbours is the margin"
