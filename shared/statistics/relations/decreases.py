"""The metric falls from each variant to the next, whichever way is better."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shared.statistics.relations.base import Cells, Relation, in_order

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class Decreases(Relation):
    """The margin is the least fall between neighbours."""

    name = "decreases"

    def margin(self, claim: "Claim", values: list[np.ndarray], settings: Sequence[float]) -> np.ndarray:
        return -np.diff(values[0], axis=0).max(axis=0)

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        values = in_order(claim, self.needs(claim)[0], cells)
        return f"{values}; the least fall between neighbours is the margin"
