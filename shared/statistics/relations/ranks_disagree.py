"""What is best by `metric` in reconstruction is not best by `against` in generation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shared.statistics.catalogue import STATISTICS
from shared.statistics.relations.base import Cells, Need, Relation, given, good, what
from shared.statistics.words import show

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class RanksDisagree(Relation):
    """The margin is how much better the best other variant generates than the one that reconstructs best."""

    name = "ranks_disagree"
    both_sides = True

    def needs(self, claim: "Claim") -> list[Need]:
        """See `Relation`."""
        return [("reconstruction", claim.metric), ("generation", given(claim.against))]

    def margin(self, claim: "Claim", values: list[np.ndarray], settings: Sequence[float]) -> np.ndarray:
        pairs = zip(self.needs(claim), values, strict=True)
        reconstruction, generation = (good(claim, each, metric) for (_, metric), each in pairs)
        best = reconstruction.argmax(axis=0)[None]
        own = np.take_along_axis(generation, best, axis=0)[0]
        others = generation.copy()
        np.put_along_axis(others, best, -np.inf, axis=0)
        return others.max(axis=0) - own

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        best = {}
        for need in self.needs(claim):
            sign = 1 if STATISTICS[need[1]].higher_is_better else -1
            rows = [cells[(name, *need)] for name in claim.variants]
            values = [sign * row.value for row in rows]
            best[need] = rows[values.index(max(values))]
        (first, reconstructs), (second, generates) = best.items()
        value = show(STATISTICS[second[1]], cells[(reconstructs.variant, *second)].value)
        text = f"{what(first)} is best on {reconstructs.label} ({show(STATISTICS[first[1]], reconstructs.value)})"
        if reconstructs.variant == generates.variant:
            return f"{text}, and so is {what(second)} ({value})"
        better = show(STATISTICS[second[1]], generates.value)
        return f"{text}, {what(second)} on {generates.label} ({better} against {value})"
