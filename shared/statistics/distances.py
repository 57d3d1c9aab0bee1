"""Metrics of a set of clips, which are no sum over clips: each variant's embeddings against the ground truth's."""

from dataclasses import dataclass, field

import numpy as np

from shared.bootstrap import Draws
from shared.metrics.config import KadConfig
from shared.metrics.failure import NotMeasured
from shared.metrics.of_sets import SetMetric


@dataclass
class Distances:
    """A set metric of all variants, on the clips that have an embedding in every one of them.

    A variant's value is the mean over its seeds of each seed's distance: seeds are models of their own, and the
    distance of a mixture of them would be another thing. In the bootstrap a clip is drawn together with its ground
    truth.

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
    _kept: np.ndarray | None = field(default=None, repr=False)

    @property
    def clips(self) -> np.ndarray:
        """Which clips `(clips,)` count."""
        return np.isfinite(self.reference).all(-1) & np.isfinite(self.sets).all((0, 1, 3))

    def values(self) -> np.ndarray:
        """The distance of each variant, `(variants,)`.

        Raises:
            NotMeasured: there is none for so few or such equal embeddings.
        """
        reference, sets = self._measured()
        if len(reference) < 2:
            raise NotMeasured("fewer than two clips have an embedding in every variant")
        found = self.metric.distances(reference, sets.reshape(-1, *sets.shape[2:]), self.kad)
        return found.reshape(sets.shape[:2]).mean(1)

    def replicates(self, draws: Draws) -> np.ndarray:
        """The distances in each replicate, `(variants, replicates)`; kept, since rows and claims ask again."""
        if self._kept is None:
            reference, sets = self._measured()
            flat, weights = sets.reshape(-1, *sets.shape[2:]), draws.clips[:, self.clips]
            found = self.metric.replicates(reference, flat, weights, self.kad)
            by_seed = found.reshape(*sets.shape[:2], -1)
            self._kept = (by_seed * draws.seeds.T).sum(1) / draws.seeds.sum(1)
        return self._kept

    def _measured(self) -> tuple[np.ndarray, np.ndarray]:
        return self.reference[self.clips], self.sets[:, :, self.clips]
