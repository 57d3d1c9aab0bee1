"""KAD: kernel audio distance between two sets of clips (Chung et al. 2025, arXiv:2502.15602), from embeddings.

`KAD = scale (mean_{i≠j} k(x_i, x_j) + mean_{i≠j} k(y_i, y_j) - 2 mean_{i,j} k(x_i, y_j))`, the unbiased estimate of
the squared maximum mean discrepancy with `k(a, b) = exp(-|a - b|² / (2 bandwidth²))`. Two samples of one distribution
give 0 on average, so a value may be negative. A set against itself is not 0 but `-2 scale (1 - mean_{i≠j} k) / n`,
since the last mean alone holds each clip's pair with itself.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

from shared.metrics.config import KadConfig
from shared.metrics.failure import NotMeasured
from shared.metrics.of_sets import SetMetric
from shared.metrics.pairs import Pairs, Rows, Tile, tiles_between
from shared.metrics.statistic import Statistic


def kernel_audio_distances(reference: np.ndarray, sets: Iterable[np.ndarray], config: KadConfig) -> np.ndarray:
    """KAD `(sets,)` of each `(clips, dim)` against `reference` `(other clips, dim)`; at least two clips each.

    Raises:
        NotMeasured: the embeddings that should give the bandwidth are all the same.
    """
    first, found = _pairs(reference, reference), []
    inside = lru_cache(1)(lambda gamma: _mean_inside(first, gamma))
    for each in sets:
        second = _pairs(each, reference)
        gamma = _gamma(first, second, config)
        between = sum(_kernel(tile, gamma).sum() for _, _, tile in tiles_between(first.rows, second.rows))
        mean = between / (len(first.rows) * len(second.rows))
        found.append(config.scale * (inside(gamma) + _mean_inside(second, gamma) - 2 * mean))
    return np.array(found)


def kad_replicates(reference: np.ndarray, sets: np.ndarray, weights: np.ndarray, config: KadConfig) -> np.ndarray:
    """KAD `(sets, replicates)` of resampled sets; row i of all of them belongs to clip i.

    A clip that is drawn twice makes pairs with itself, which are no pairs of two draws from a distribution: they would
    bias the means of `i ≠ j` upwards. So pairs of one clip are left out there, and keep in the mean between the sets
    the share 1/n that they have in the sample. Weights of 1 give `kernel_audio_distances`. The bandwidth stays that of
    the whole sets.

    Args:
        reference: `(clips, dim)`.
        sets: `(sets, clips, dim)`.
        weights: how often each clip is drawn, `(replicates, clips)`; NaN where fewer than two are.
        config: bandwidth and scale.
    """
    first, found, clips = _pairs(reference, reference), [], len(reference)
    inside = lru_cache(1)(lambda gamma: _drawn(weights, _inside(first.rows, gamma)))
    total = weights.sum(1)
    different = total**2 - (weights**2).sum(1)
    different = np.where(different > 0, different, np.nan)
    for each in sets:
        second = _pairs(each, reference)
        gamma = _gamma(first, second, config)
        pairs = inside(gamma) + _drawn(weights, _less_between(first.rows, second.rows, gamma))
        squared = ((first.rows.centred - second.rows.centred) ** 2).sum(1)
        same = weights @ _kernel(squared, gamma) / np.where(total > 0, total, np.nan)
        found.append(config.scale * (pairs / different - 2 / clips * same))
    return np.stack(found)


def _pairs(embeddings: np.ndarray, reference: np.ndarray) -> Pairs:
    return Pairs(Rows(embeddings, reference.mean(0, dtype=np.float64)))


def _gamma(reference: Pairs, evaluated: Pairs, config: KadConfig) -> float:
    """`1 / (2 bandwidth²)`."""
    bandwidth = (reference if config.bandwidth == "reference" else evaluated).median
    if bandwidth == 0:
        raise NotMeasured(f"the {config.bandwidth} set's embeddings are all the same and give no bandwidth")
    return 1 / (2 * bandwidth**2)


def _kernel(squared: np.ndarray, gamma: float) -> np.ndarray:
    kernel = squared * -gamma
    return np.exp(kernel, out=kernel)


def _mean_inside(pairs: Pairs, gamma: float) -> float:
    return sum(_kernel(each, gamma).sum() for each in pairs) / pairs.count


def _inside(rows: Rows, gamma: float) -> Iterator[Tile]:
    return ((first, second, _kernel(tile, gamma)) for first, second, tile in rows.tiles())


def _less_between(first: Rows, second: Rows, gamma: float) -> Iterator[Tile]:
    """Kernels of pairs in the second set, less those of the same clips between the sets as each has of one."""
    share = 1 - 1 / len(first)
    for rows, columns, tile in second.tiles():
        kernel = _kernel(tile, gamma)
        kernel -= share * _kernel(first.squared_distances(rows, second, columns), gamma)
        kernel -= share * _kernel(second.squared_distances(rows, first, columns), gamma)
        if rows == columns:
            np.fill_diagonal(kernel, 0)
        yield rows, columns, kernel


def _drawn(weights: np.ndarray, tiles: Iterable[Tile]) -> np.ndarray:
    """Sums `(replicates,)` over ordered pairs of different clips, each pair as often as it is drawn."""
    total = np.zeros(len(weights))
    for rows, columns, tile in tiles:
        each_way = 1 if rows == columns else 2
        total += each_way * ((weights[:, rows] @ tile) * weights[:, columns]).sum(1)
    return total


class Kad(SetMetric):
    """KAD of a set."""

    name, place = "kad", 150
    statistics = (Statistic("kad", "KAD", False, of_set=True, place=200),)
    distances = staticmethod(kernel_audio_distances)
    replicates = staticmethod(kad_replicates)
