"""Of variants in pairs, the first of a pair is better than the second by more from each pair to the next."""

from typing import TYPE_CHECKING

from shared.statistics.inference import Outcome, every_one
from shared.statistics.relations.base import Cells, Measured, Relation, named, what

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class GapWidens(Relation):
    """The margin is the least that the gap widens by."""

    name = "gap_widens"
    directed = True
    least = 4

    def problem(self, claim: "Claim") -> str | None:
        """See `Relation`."""
        return super().problem(claim) or ("gap_widens needs pairs of variants" if len(claim.variants) % 2 else None)

    def test(self, claim: "Claim", measured: list[Measured]) -> Outcome:
        """See `Relation`."""
        (values,) = measured
        sign = values.sign
        widens = [
            values.effect({pair + 2: sign, pair + 3: -sign, pair: -sign, pair + 1: sign})
            for pair in range(0, len(values) - 2, 2)
        ]
        return every_one(widens)

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        (need,) = self.needs(claim)
        ours = named(claim, need, cells)
        pairs = [f"{one} ({a}) against {two} ({b})" for (a, one), (b, two) in zip(ours[::2], ours[1::2], strict=True)]
        return f"{what(need)} {', then '.join(pairs)}; the margin is the least that the gap widens"
