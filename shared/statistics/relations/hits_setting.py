"""The metric lies within a share of `tolerance` of what the study's axis sets for each variant."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shared.statistics.catalogue import STATISTICS
from shared.statistics.relations.base import Cells, Relation, given, what
from shared.statistics.words import number, show

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class HitsSetting(Relation):
    """The margin is what the tolerance leaves beyond the largest share by which a variant is off."""

    name = "hits_setting"
    least = 1
    tolerant = True
    of_setting = True

    def margin(self, claim: "Claim", values: list[np.ndarray], settings: Sequence[float]) -> np.ndarray:
        return claim.tolerance - np.abs(values[0] / np.array(settings)[:, None] - 1).max(axis=0)

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        (need,) = self.needs(claim)
        rows = [cells[(name, *need)] for name in claim.variants]
        values = ", ".join(f"{show(STATISTICS[claim.metric], row.value)} for {row.setting}" for row in rows)
        return f"{what(need)} {values}, allowed are {number(100 * given(claim.tolerance))} % off"
