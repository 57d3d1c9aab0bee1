"""The first of two variants is better than the second."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shared.statistics.relations.base import Cells, Relation, good, named, what

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class Better(Relation):
    """The margin is by how much."""

    name = "better"
    directed = True
    most = 2

    def margin(self, claim: "Claim", values: list[np.ndarray], settings: Sequence[float]) -> np.ndarray:
        first, second = good(claim, values[0])
        return first - second

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        (need,) = self.needs(claim)
        (first, ours), (second, other) = named(claim, need, cells)
        return f"{what(need)} {ours} on {first} against {other} on {second}"
