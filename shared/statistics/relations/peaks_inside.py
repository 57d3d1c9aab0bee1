"""The best variant lies at neither end."""

from typing import TYPE_CHECKING

from shared.statistics.inference import Outcome, all_of, any_of, least
from shared.statistics.relations.base import Cells, Measured, Relation, in_order

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class PeaksInside(Relation):
    """The margin is how much better the best inner variant is than the better end."""

    name = "peaks_inside"
    directed = True
    least = 3

    def test(self, claim: "Claim", measured: list[Measured]) -> Outcome:
        """See `Relation`."""
        (values,) = measured
        inner, ends = range(1, len(values) - 1), (0, len(values) - 1)
        over_ends = {place: [values.better(place, end) for end in ends] for place in inner}
        under_ends = [[values.better(end, place) for place in inner] for end in ends]
        return Outcome(
            any_of([all_of(each.above() for each in effects) for effects in over_ends.values()]),
            any_of([all_of(each.above() for each in effects) for effects in under_ends]),
            max((least(effects) for effects in over_ends.values()), key=lambda each: each.estimate),
        )

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        values = in_order(claim, self.needs(claim)[0], cells)
        return f"{values}; the margin is how much better the best inner one is than the better end"
