"""Of variants in pairs, the first of a pair is better than the second by more from each pair to the next."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shared.statistics.relations.base import Cells, Relation, good, named, what

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

    def margin(self, claim: "Claim", values: list[np.ndarray], settings: Sequence[float]) -> np.ndarray:
        ours = good(claim, values[0])
        return np.diff(ours[::2] - ours[1::2], axis=0).min(axis=0)

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        (need,) = self.needs(claim)
        ours = named(claim, need, cells)
        pairs = [f"{one} ({a}) against {two} ({b})" for (a, one), (b, two) in zip(ours[::2], ours[1::2], strict=True)]
        return f"{what(need)} {', then '.join(pairs)}; the margin is the least that the gap widens"
