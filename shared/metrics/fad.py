"""FAD: Fréchet audio distance between two sets of clips (Kilgour et al. 2019), from embeddings.

`FAD = |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)` of Gaussians fitted to the sets. The trace of the root is the sum of the
square roots of the eigenvalues of Σ₁ Σ₂, which are those of the symmetric `Lᵀ Σ₂ L` with `Σ₁ = L Lᵀ`: no root of a
matrix that is not symmetric.

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

BYTES = 2**25  # of the covariances that are held at once


def frechet_audio_distances(reference: np.ndarray, sets: Iterable[np.ndarray]) -> np.ndarray:
    """FAD `(sets,)` of each `(clips, dim)` from `reference` `(other clips, dim)`, at least two clips each."""
    first = Gaussians.fit(reference, np.ones((1, len(reference))))
    return np.array([first.distances(Gaussians.fit(each, np.ones((1, len(each)))))[0] for each in sets])


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
    at_once = max(1, BYTES // (8 * reference.shape[1] ** 2))
    parts = []
    for start in range(0, len(weights), at_once):
        some = weights[start : start + at_once]
        first = Gaussians.fit(reference, some)
        parts.append([first.distances(Gaussians.fit(each, some)) for each in sets])
    replicates = np.concatenate(parts, axis=1)
    return replicates + (values - replicates.mean(1))[:, None]


@dataclass
class Gaussians:
    """Fitted to resamples of a set.

    Attributes:
        means: `(resamples, dim)`.
        covariances: `(resamples, dim, dim)`.
    """

    means: np.ndarray
    covariances: np.ndarray

    @classmethod
    def fit(cls, embeddings: np.ndarray, weights: np.ndarray) -> "Gaussians":
        """To rows `(clips, dim)`, drawn `weights` `(resamples, clips)` times."""
        total, centre = weights.sum(1), embeddings.mean(0, dtype=np.float64)
        rows, drawn = embeddings - centre, weights > 0
        means = weights @ rows / total[:, None]
        roots = np.sqrt(weights)
        covariances = np.empty((len(weights), *2 * rows.shape[1:]))
        for mean, root, some, covariance in zip(means, roots, drawn, covariances, strict=True):
            scaled = rows[some]
            scaled -= mean
            scaled *= root[some, None]
            np.matmul(scaled.T, scaled, out=covariance)
        covariances /= (total - 1)[:, None, None]
        return cls(means + centre, covariances)

    def distances(self, others: "Gaussians") -> np.ndarray:
        """Fréchet distances, squared, of each from the other of its place."""
        traces = sum(np.trace(each.covariances, axis1=1, axis2=2) for each in (self, others))
        products = np.empty_like(self.covariances)
        for product, factor, other in zip(products, self._factors, others.covariances, strict=True):
            product.T[:], _ = scipy.linalg.lapack.dsygst(other.T, factor.T, itype=2)
        overlaps = np.sqrt(np.maximum(np.linalg.eigvalsh(products, UPLO="L"), 0)).sum(1)
        return ((self.means - others.means) ** 2).sum(1) + traces - 2 * overlaps

    @cached_property
    def _factors(self) -> np.ndarray:
        """L of `Σ = L Lᵀ` of each: Cholesky's or, where a Σ is singular, of a root that its eigenvectors give."""
        try:
            return np.linalg.cholesky(self.covariances)
        except np.linalg.LinAlgError:
            values, vectors = np.linalg.eigh(self.covariances)
            roots = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
            triangles = np.asarray(np.linalg.qr(roots.swapaxes(1, 2), mode="r"))
            return triangles.swapaxes(1, 2)


class Fad(SetMetric):
    """FAD of a set."""

    name, place = "fad", 160
    statistics = (Statistic("fad", "FAD", False, of_set=True, place=210, bounds=AT_LEAST_0, analysed="log"),)

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
