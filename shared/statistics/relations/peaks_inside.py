"""The best variant lies at neither end."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shared.statistics.relations.base import Cells, Relation, good, in_order

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class PeaksInside(Relation):
    """The margin is how much better the best inner variant is than the better end."""

    name = "peaks_inside"
    directed = True
    least = 3

    def margin(self, claim: "Claim", values: list[np.ndarray], settings: Sequence[float]) -> np.ndarray:
        ours = good(claim, values[0])
        return ours[1:-1].max(axis=0) - np.maximum(ours[0], ours[-1])

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        values = in_order(claim, self.needs(claim)[0], cells)
        return f"{values}; the margin is how much better the best inner one is than the better end"
