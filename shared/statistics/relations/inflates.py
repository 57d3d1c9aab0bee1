"""In each variant the metric is more than the one that it is `against`, such as dims95 than dims95_before."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shared.statistics.relations.base import Cells, Relation, against_in_words

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class Inflates(Relation):
    """The margin is the least excess."""

    name = "inflates"
    least = 1
    against = True

    def margin(self, claim: "Claim", values: list[np.ndarray], settings: Sequence[float]) -> np.ndarray:
        return (values[0] - values[1]).min(axis=0)

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        return f"{against_in_words(claim, self.needs(claim), cells)}; the least excess is the margin"
