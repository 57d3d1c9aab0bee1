"""KAD: kernel audio distance between two sets of clips (Chung et al. 2025, arXiv:2502.15602), from embeddings.

`KAD = scale (mean_{i≠j} k(x_i, x_j) + mean_{i≠j} k(y_i, y_j) - 2 mean_{i,j} k(x_i, y_j))`, the unbiased estimate of
the squared maximum mean discrepancy with `k(a, b) = exp(-|a - b|² / (2 bandwidth²))`. Two samples of one distribution
give 0 on average, so a value may be negative. A set against itself is not 0 but `-2 scale (1 - mean_{i≠j} k) / n`,
since the last mean alone holds each clip's pair with itself.
"""

import numpy as np
import scipy  # its parts load when first used, so that planning does not wait for them

from shared.metrics.config import KadConfig
from shared.metrics.failure import NotMeasured
from shared.metrics.of_sets import SetMetric
from shared.metrics.statistic import Statistic


def kernel_audio_distance(reference: np.ndarray, evaluated: np.ndarray, config: KadConfig) -> float:
    """KAD of `evaluated` `(clips, dim)` against `reference` `(other clips, dim)`; at least two clips each.

    Raises:
        NotMeasured: the embeddings that should give the bandwidth are all the same.
    """
    gamma = _gamma(reference, evaluated, config)
    inside = sum(_off_diagonal_mean(_kernel(each, each, gamma)) for each in (reference, evaluated))
    return float(config.scale * (inside - 2 * _kernel(reference, evaluated, gamma).mean()))


def kad_replicates(reference: np.ndarray, evaluated: np.ndarray, weights: np.ndarray, config: KadConfig) -> np.ndarray:
    """KAD `(replicates,)` of resampled pairs: row i of both sets `(clips, dim)` belongs to clip i.

    A clip that is drawn twice makes pairs with itself, which are no pairs of two draws from a distribution: they would
    bias the means of `i ≠ j` upwards. So pairs of one clip are left out there, and keep in the mean between the sets
    the share 1/n that they have in the sample. Weights of 1 give `kernel_audio_distance`. The bandwidth stays that of
    the whole sets.

    Args:
        reference: `(clips, dim)`.
        evaluated: `(clips, dim)`.
        weights: how often each clip is drawn, `(replicates, clips)`; NaN where fewer than two are.
        config: bandwidth and scale.
    """
    gamma, clips = _gamma(reference, evaluated, config), len(reference)
    between = _kernel(reference, evaluated, gamma)
    pairs = _kernel(reference, reference, gamma) + _kernel(evaluated, evaluated, gamma)
    pairs -= (1 - 1 / clips) * (between + between.T)
    np.fill_diagonal(pairs, 0)
    total = weights.sum(1)
    different = total**2 - (weights**2).sum(1)
    different = np.where(different > 0, different, np.nan)
    same = weights @ np.diag(between) / np.where(total > 0, total, np.nan)
    return config.scale * (((weights @ pairs) * weights).sum(1) / different - 2 / clips * same)


def median_distance(embeddings: np.ndarray) -> float:
    """Median Euclidean distance of two different rows of `(clips, dim)`."""
    return float(np.median(scipy.spatial.distance.pdist(embeddings)))


def _gamma(reference: np.ndarray, evaluated: np.ndarray, config: KadConfig) -> float:
    """`1 / (2 bandwidth²)`."""
    bandwidth = median_distance(reference if config.bandwidth == "reference" else evaluated)
    if bandwidth == 0:
        raise NotMeasured(f"the {config.bandwidth} set's embeddings are all the same and give no bandwidth")
    return 1 / (2 * bandwidth**2)


def _kernel(first: np.ndarray, second: np.ndarray, gamma: float) -> np.ndarray:
    return np.exp(-gamma * scipy.spatial.distance.cdist(first, second, "sqeuclidean"))


def _off_diagonal_mean(kernel: np.ndarray) -> float:
    return (kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1))


class Kad(SetMetric):
    """KAD of a set."""

    name, place = "kad", 150
    statistics = (Statistic("kad", "KAD", False, of_set=True, place=200),)
    distance = staticmethod(kernel_audio_distance)

    @staticmethod
    def replicates(reference: np.ndarray, sets: np.ndarray, weights: np.ndarray, settings: KadConfig) -> np.ndarray:
        """See `SetMetric`."""
        return np.stack([kad_replicates(reference, each, weights, settings) for each in sets])
