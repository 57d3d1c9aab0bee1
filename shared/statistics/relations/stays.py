"""In each variant the metric differs by at most `tolerance` from the one that it is `against`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shared.statistics.catalogue import STATISTICS
from shared.statistics.relations.base import Cells, Relation, against_in_words, given
from shared.statistics.words import difference

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class Stays(Relation):
    """The margin is what the tolerance leaves beyond the largest difference."""

    name = "stays"
    least = 1
    against = True
    tolerant = True

    def margin(self, claim: "Claim", values: list[np.ndarray], settings: Sequence[float]) -> np.ndarray:
        return claim.tolerance - np.abs(values[0] - values[1]).max(axis=0)

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        allowed = difference(STATISTICS[claim.metric], given(claim.tolerance))
        return f"{against_in_words(claim, self.needs(claim), cells)}; allowed are {allowed} apart"
