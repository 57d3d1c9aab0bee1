"""Metrics of a set of clips, which are no sum over clips: each variant's embeddings against the ground truth's."""

from dataclasses import dataclass

import numpy as np

from shared.metrics.config import KadConfig
from shared.metrics.failure import NotMeasured
from shared.metrics.of_sets import SetMetric

BLOCKS = 20


@dataclass
class Distances:
    """A set metric of all variants, on the clips that have an embedding in every one of them.

    A variant's value is the mean over its seeds of each seed's distance: seeds are models of their own, and the
    distance of a mixture of them would be another thing. A clip is left out together with its ground truth.

    Attributes:
        metric: of sets, such as KAD.
        reference: of the ground truth, `(clips, dim)`; NaN where a clip has none.
        sets: `(variants, seeds, clips, dim)`; NaN likewise.
        kad: conventions of KAD.
    """

    metric: type[SetMetric]
    reference: np.ndarray
    sets: np.ndarray
    kad: KadConfig

    @property
    def clips(self) -> np.ndarray:
        """Which clips `(clips,)` count."""
        return np.isfinite(self.reference).all(-1) & np.isfinite(self.sets).all((0, 1, 3))

    def values(self) -> np.ndarray:
        """The distance of each run, `(variants, seeds)`.

        Raises:
            NotMeasured: there is none for so few or such equal embeddings.
        """
        reference, sets = self._measured()
        if len(reference) < 2:
            raise NotMeasured("fewer than two clips have an embedding in every variant")
        found = self.metric.distances(reference, sets.reshape(-1, *sets.shape[2:]), self.kad)
        return found.reshape(sets.shape[:2])

    def deviations(self, groups: np.ndarray) -> np.ndarray:
        """`(variants, seeds, blocks)`, whose products summed are the jackknife's covariance over clips.

        NaN where what is left without some block is no set, as of two clips, or of one group.

        Args:
            groups: of each clip `(clips,)`, the one whose clips are left out together; all are dealt to at most
                BLOCKS blocks, since each costs a distance of every run.
        """
        reference, sets = self._measured()
        _, dealt = np.unique(groups[self.clips], return_inverse=True)
        dealt = dealt % min(BLOCKS, dealt.max() + 1)
        kept = (dealt != np.arange(dealt.max() + 1)[:, None]).astype(float)
        if (kept.sum(axis=1) < 2).any():
            return np.full((*sets.shape[:2], len(kept)), np.nan)
        found = self.metric.replicates(reference, sets.reshape(-1, *sets.shape[2:]), kept, self.kad)
        found = found.reshape(*sets.shape[:2], -1)
        return (found - found.mean(axis=2, keepdims=True)) * np.sqrt(1 - 1 / len(kept))

    def _measured(self) -> tuple[np.ndarray, np.ndarray]:
        return self.reference[self.clips], self.sets[:, :, self.clips]
