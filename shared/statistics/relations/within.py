"""All variants differ by at most `tolerance`, in the metric's unit."""

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from shared.statistics.catalogue import STATISTICS
from shared.statistics.inference import Outcome, equality
from shared.statistics.relations.base import Cells, Measured, Relation, given, in_order
from shared.statistics.words import difference

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class Within(Relation):
    """The margin is what the tolerance leaves beyond the largest difference."""

    name = "within"
    tolerant = True

    def test(self, claim: "Claim", measured: list[Measured]) -> Outcome:
        """See `Relation`."""
        (values,) = measured
        pairs = combinations(range(len(values)), 2)
        return equality([values.higher(*pair) for pair in pairs], given(claim.tolerance))

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        (need,) = self.needs(claim)
        spread = np.ptp([cells[(name, *need)].value for name in claim.variants])
        apart, allowed = (difference(STATISTICS[claim.metric], each) for each in (spread, given(claim.tolerance)))
        return f"{in_order(claim, need, cells)}: {apart} apart, allowed are {allowed}"
