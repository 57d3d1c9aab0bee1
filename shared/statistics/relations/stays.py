"""In each variant the metric differs by at most `tolerance` from the one that it is `against`."""

from typing import TYPE_CHECKING

from shared.statistics.catalogue import STATISTICS
from shared.statistics.inference import Outcome, equality
from shared.statistics.relations.base import Cells, Measured, Relation, against_in_words, given
from shared.statistics.words import difference

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class Stays(Relation):
    """The margin is what the tolerance leaves beyond the largest difference."""

    name = "stays"
    least = least_control = 1
    against = True
    tolerant = True

    def test(self, claim: "Claim", measured: list[Measured]) -> Outcome:
        """See `Relation`."""
        excess = measured[0].less(measured[1])
        return equality([excess.effect({place: 1}) for place in range(len(excess))], given(claim.tolerance))

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        allowed = difference(STATISTICS[claim.metric], given(claim.tolerance))
        return f"{against_in_words(claim, self.needs(claim), cells)}; allowed are {allowed} apart"
