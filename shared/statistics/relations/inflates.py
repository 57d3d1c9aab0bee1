"""In each variant the metric is more than the one that it is `against`, such as dims95 than dims95_before."""

from typing import TYPE_CHECKING

from shared.statistics.inference import Outcome, every_one
from shared.statistics.relations.base import Cells, Measured, Relation, against_in_words

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class Inflates(Relation):
    """The margin is the least excess."""

    name = "inflates"
    least = 1
    against = True

    def test(self, claim: "Claim", measured: list[Measured]) -> Outcome:
        """See `Relation`."""
        excess = measured[0].less(measured[1])
        effects = [excess.effect({place: 1}) for place in range(len(excess))]
        return every_one(effects)

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        return f"{against_in_words(claim, self.needs(claim), cells)}; the least excess is the margin"
