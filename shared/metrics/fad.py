"""FAD: Fréchet audio distance between two sets of clips (Kilgour et al. 2019), from embeddings.

`FAD = |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)` of Gaussians fitted to the sets. The trace of the root is the sum of the
square roots of the eigenvalues of Σ₁ Σ₂, which are those of the symmetric `Lᵀ Σ₂ L` with `Σ₁ = L Lᵀ` (Cholesky), or of
`R Σ₂ R` with R = Σ₁^½, which also a singular Σ₁ has: no root of a matrix that is not symmetric.

The estimate is biased: of two samples of one distribution it is above 0, by an amount that falls with the number of
clips. So only sets of the same size compare, and with no more clips than dimensions it says little.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy  # its parts load when first used, so that planning does not wait for them

from shared.metrics.config import KadConfig
from shared.metrics.of_sets import SetMetric
from shared.metrics.statistic import AT_LEAST_0, Statistic


def frechet_audio_distances(reference: np.ndarray, sets: Iterable[np.ndarray]) -> np.ndarray:
    """FAD `(sets,)` of each `(clips, dim)` from `reference` `(other clips, dim)`, at least two clips each."""
    first = Gaussian.fit(reference)
    return np.array([first.distance(Gaussian.fit(each)) for each in sets])


def fad_replicates(reference: np.ndarray, sets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """FAD `(sets, replicates)` of resampled sets; row i of all of them belongs to clip i.

    A resample has fewer different clips than the sample and so adds the bias a second time. That is taken out: the
    replicates are shifted to have their mean at the sample's own value. The sample's bias stays.

    Args:
        reference: `(clips, dim)`.
        sets: `(sets, clips, dim)`.
        weights: how often each clip is drawn, `(replicates, clips)`.
    """
    values = frechet_audio_distances(reference, sets)
    replicates = np.empty((len(sets), len(weights)))
    for column, row in enumerate(weights):
        first = Gaussian.fit(reference, row)
        replicates[:, column] = [first.distance(Gaussian.fit(each, row)) for each in sets]
    return replicates + (values - replicates.mean(1))[:, None]


@dataclass
class Gaussian:
    """Fitted to embeddings.

    Attributes:
        mean: `(dim,)`.
        covariance: `(dim, dim)`.
        regular: whether the clips are enough for a covariance that is not singular.
    """

    mean: np.ndarray
    covariance: np.ndarray
    regular: bool

    @classmethod
    def fit(cls, embeddings: np.ndarray, weights: np.ndarray | None = None) -> "Gaussian":
        """To rows `(clips, dim)`, drawn `weights` `(clips,)` times, or once each."""
        times = np.ones(len(embeddings)) if weights is None else weights
        drawn, times = embeddings[times > 0].astype(np.float64), times[times > 0]
        mean = times @ drawn / times.sum()
        drawn -= mean
        drawn *= np.sqrt(times)[:, None]
        return cls(mean, drawn.T @ drawn / (times.sum() - 1), len(drawn) > len(mean))

    def distance(self, other: "Gaussian") -> float:
        """The Fréchet distance, squared."""
        traces = np.trace(self.covariance) + np.trace(other.covariance)
        return float(((self.mean - other.mean) ** 2).sum() + traces - 2 * self._overlap(other))

    def _overlap(self, other: "Gaussian") -> float:
        """`tr((Σ₁ Σ₂)^½)`."""
        if self.regular and other.regular and self._factor is not None:
            product, _ = scipy.linalg.lapack.dsygst(other.covariance.T, self._factor, itype=2, lower=1)  # Lᵀ Σ₂ L
            values = np.linalg.eigvalsh(product, UPLO="L")
            if values[0] > len(values) * np.finfo(float).eps * values[-1]:  # else the least are rounding alone
                return float(np.sqrt(values).sum())
        values = np.linalg.eigvalsh(self._root @ other.covariance @ self._root)
        return float(np.sqrt(np.maximum(values, 0)).sum())

    @cached_property
    def _factor(self) -> np.ndarray | None:
        """L of `Σ = L Lᵀ`; None if Σ is not positive definite."""
        factor, failed = scipy.linalg.lapack.dpotrf(self.covariance.T, lower=1)
        return None if failed else factor

    @cached_property
    def _root(self) -> np.ndarray:
        """Symmetric square root of a positive semi-definite Σ."""
        values, vectors = np.linalg.eigh(self.covariance)
        return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


class Fad(SetMetric):
    """FAD of a set."""

    name, place = "fad", 160
    statistics = (Statistic("fad", "FAD", False, of_set=True, place=210, bounds=AT_LEAST_0),)

    @staticmethod
    def distances(reference: np.ndarray, sets: np.ndarray, settings: KadConfig) -> np.ndarray:
        """See `SetMetric`."""
        return frechet_audio_distances(reference, sets)

    @staticmethod
    def replicates(reference: np.ndarray, sets: np.ndarray, weights: np.ndarray, settings: KadConfig) -> np.ndarray:
        """See `SetMetric`."""
        return fad_replicates(reference, sets, weights)

    @staticmethod
    def doubt(clips: int, dim: int) -> str | None:
        """With no more clips than dimensions the covariances are singular."""
        return f"{clips} clips in {dim} dimensions" if clips <= dim else None
