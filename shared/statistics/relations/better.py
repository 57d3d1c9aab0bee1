"""The first of two variants is better than the second."""

from typing import TYPE_CHECKING

from shared.statistics.inference import Outcome
from shared.statistics.relations.base import Cells, Measured, Relation, named, what

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class Better(Relation):
    """The margin is by how much."""

    name = "better"
    directed = True
    most = 2

    def test(self, claim: "Claim", measured: list[Measured]) -> Outcome:
        """See `Relation`."""
        effect = measured[0].better(0, 1)
        return Outcome(effect.above(), effect.below(), effect)

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        (need,) = self.needs(claim)
        (first, ours), (second, other) = named(claim, need, cells)
        return f"{what(need)} {ours} on {first} against {other} on {second}"
