"""FAD: Fréchet audio distance between two sets of clips (Kilgour et al. 2019), from embeddings.

`FAD = |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)` of Gaussians fitted to the sets. With R = Σ₁^½ the trace of the root is
the sum of the square roots of the eigenvalues of the symmetric R Σ₂ R: no root of a matrix that is not symmetric.

The estimate is biased: of two samples of one distribution it is above 0, by an amount that falls with the number of
clips. So only sets of the same size compare, and with no more clips than dimensions it says little.
"""

from collections.abc import Iterator

import numpy as np

from shared.metrics.config import KadConfig
from shared.metrics.of_sets import SetMetric
from shared.metrics.statistic import AT_LEAST_0, Statistic

CHUNK = 50  # replicates at once: each holds a few matrices of (dim, dim)


def frechet_audio_distance(reference: np.ndarray, evaluated: np.ndarray) -> float:
    """FAD of two sets of embeddings `(clips, dim)`, at least two clips each."""
    moments = (_moments(each.astype(np.float64), np.ones((1, len(each)))) for each in (reference, evaluated))
    (mean, covariance), (other_mean, other_covariance) = moments
    return float(_distance(mean, covariance, _root(covariance), other_mean, other_covariance)[0])


def fad_replicates(reference: np.ndarray, sets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """FAD `(sets, replicates)` of resampled sets; row i of all of them belongs to clip i.

    A resample has fewer different clips than the sample and so adds the bias a second time. That is taken out: the
    replicates are shifted to have their mean at the sample's own value. The sample's bias stays.

    Args:
        reference: `(clips, dim)`.
        sets: `(sets, clips, dim)`.
        weights: how often each clip is drawn, `(replicates, clips)`.
    """
    reference, sets = reference.astype(np.float64), sets.astype(np.float64)
    values = np.array([frechet_audio_distance(reference, each) for each in sets])
    replicates = np.concatenate([_chunk(reference, sets, part) for part in _parts(weights)], axis=1)
    return replicates + (values - replicates.mean(1))[:, None]


def _parts(weights: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(weights), CHUNK):
        yield weights[start : start + CHUNK]


def _chunk(reference: np.ndarray, sets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    mean, covariance = _moments(reference, weights)
    root = _root(covariance)
    return np.stack([_distance(mean, covariance, root, *_moments(each, weights)) for each in sets])


def _moments(embeddings: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means `(replicates, dim)` and covariances `(replicates, dim, dim)` of rows drawn `weights` times."""
    total = weights.sum(1)
    centred = embeddings - embeddings.mean(0)  # for precision: the second moments then hold no large mean
    mean = weights @ centred / total[:, None]
    second = np.stack([(row[:, None] * centred).T @ centred for row in weights])
    covariance = second - total[:, None, None] * mean[:, :, None] * mean[:, None, :]
    return mean + embeddings.mean(0), covariance / (total - 1)[:, None, None]


def _root(matrices: np.ndarray) -> np.ndarray:
    """Symmetric square roots of positive semi-definite `(..., dim, dim)`."""
    values, vectors = np.linalg.eigh(matrices)
    return (vectors * np.sqrt(np.maximum(values, 0))[..., None, :]) @ np.swapaxes(vectors, -1, -2)


def _distance(mean, covariance, root, other_mean, other_covariance) -> np.ndarray:
    """`(replicates,)` from means `(replicates, dim)` and covariances and roots `(replicates, dim, dim)`."""
    values = np.linalg.eigvalsh(root @ other_covariance @ root)
    overlap = np.sqrt(np.maximum(values, 0)).sum(-1)
    traces = np.trace(covariance, axis1=-2, axis2=-1) + np.trace(other_covariance, axis1=-2, axis2=-1)
    return ((mean - other_mean) ** 2).sum(-1) + traces - 2 * overlap


class Fad(SetMetric):
    """FAD of a set."""

    name, place = "fad", 160
    statistics = (Statistic("fad", "FAD", False, of_set=True, place=210, bounds=AT_LEAST_0),)

    @staticmethod
    def distance(reference: np.ndarray, evaluated: np.ndarray, settings: KadConfig) -> float:
        """See `SetMetric`."""
        return frechet_audio_distance(reference, evaluated)

    @staticmethod
    def replicates(reference: np.ndarray, sets: np.ndarray, weights: np.ndarray, settings: KadConfig) -> np.ndarray:
        """See `SetMetric`."""
        return fad_replicates(reference, sets, weights)

    @staticmethod
    def doubt(clips: int, dim: int) -> str | None:
        """With no more clips than dimensions the covariances are singular."""
        return f"{clips} clips in {dim} dimensions" if clips <= dim else None
