"""KAD against sums written out, its identities, and its bootstrap."""

import itertools
import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from shared.metrics.config import KadConfig
from shared.metrics.failure import NotMeasured
from shared.metrics.kad import kad_replicates, kernel_audio_distances
from shared.metrics.pairs import TILE

PAPER, TOOLKIT = KadConfig(), KadConfig(bandwidth="evaluated", scale=100)


def _sets(first=9, second=7, dim=4, shift=0.7):
    rng = np.random.default_rng(0)
    return rng.normal(size=(first, dim)).astype(np.float32), shift + 1.3 * rng.normal(size=(second, dim))


def _kad(x, y, config):
    return kernel_audio_distances(x, [y], config)[0]


def _written_out(x, y, config):
    """The definition, pair by pair."""
    chosen = x if config.bandwidth == "reference" else y
    bandwidth = np.median([math.dist(a, b) for a, b in itertools.combinations(chosen, 2)])

    def kernel(a, b):
        return math.exp(-(math.dist(a, b) ** 2) / (2 * bandwidth**2))

    inside = [
        np.mean([kernel(each[i], each[j]) for i in range(len(each)) for j in range(len(each)) if i != j])
        for each in (x, y)
    ]
    return config.scale * (sum(inside) - 2 * np.mean([kernel(a, b) for a in x for b in y]))


def _plain_kernels(x, y, config):
    """Of all pairs within the first, within the second, and between them, from whole matrices of differences."""
    bandwidth = np.median(pdist(x if config.bandwidth == "reference" else y))
    return [np.exp(-cdist(a, b, "sqeuclidean") / (2 * bandwidth**2)) for a, b in ((x, x), (y, y), (x, y))]


def _plain(x, y, config):
    *inside, between = _plain_kernels(x, y, config)
    means = [(each.sum() - np.trace(each)) / (len(each) * (len(each) - 1)) for each in inside]
    return config.scale * (sum(means) - 2 * between.mean())


def _plain_replicates(x, y, weights, config):
    first, second, between = _plain_kernels(x, y, config)
    pairs = first + second - (1 - 1 / len(x)) * (between + between.T)
    np.fill_diagonal(pairs, 0)
    different = weights.sum(1) ** 2 - (weights**2).sum(1)
    same = weights @ np.diag(between) / weights.sum(1)
    return config.scale * (((weights @ pairs) * weights).sum(1) / different - 2 / len(x) * same)


def _sets_of_all_sorts(clips):
    """A reference, and sets that are like it, nearly it, it with clips twice, and narrow and far from it."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(clips, 16))
    like, near = rng.normal(0.2, 1.1, size=x.shape), x + 1e-3 * rng.normal(size=x.shape)
    return x, np.stack([like, near, np.repeat(x[::2], 2, axis=0)[:clips], 50 + 0.05 * like])


@pytest.mark.parametrize("config", [PAPER, TOOLKIT])
def test_tiles_of_products_give_what_whole_matrices_of_differences_do(config):
    x, sets = _sets_of_all_sorts(2 * TILE + 45)
    for first, others in ((x, sets), (x[: TILE - 1], sets), (x, sets[:, :TILE])):
        expected = [_plain(first, each, config) / config.scale for each in others]
        np.testing.assert_allclose(kernel_audio_distances(first, others, config) / config.scale, expected, atol=1e-12)


@pytest.mark.parametrize("config", [PAPER, TOOLKIT])
def test_replicates_are_those_of_whole_matrices(config):
    x, sets = _sets_of_all_sorts(TILE + 45)
    weights = np.random.default_rng(6).multinomial(len(x), np.full(len(x), 1 / len(x)), size=7).astype(float)
    expected = [_plain_replicates(x, each, weights, config) / config.scale for each in sets]
    np.testing.assert_allclose(kad_replicates(x, sets, weights, config) / config.scale, expected, atol=1e-12)


@pytest.mark.parametrize("config", [PAPER, TOOLKIT])
def test_it_is_the_sum_over_pairs(config):
    x, y = _sets()
    assert _kad(x, y, config) == pytest.approx(_written_out(x, y, config), rel=1e-6)


def test_the_conventions_differ():
    x, y = _sets()
    assert _kad(x, y, PAPER) == pytest.approx(10 * _kad(x, y, KadConfig(scale=100)))
    assert abs(_kad(x, y, KadConfig(scale=100)) - _kad(x, y, TOOLKIT)) > 0.1


def test_the_order_of_clips_does_not_matter():
    x, y = _sets()
    assert _kad(x[::-1], y[::-1], PAPER) == pytest.approx(_kad(x, y, PAPER))


def test_a_set_against_itself_is_below_zero_by_the_pairs_with_itself():
    x, _ = _sets()
    k = _kad(x, x + 1e-9, PAPER)
    bandwidth = np.median([math.dist(a, b) for a, b in itertools.combinations(x, 2)])
    mean = np.mean([math.exp(-(math.dist(a, b) ** 2) / (2 * bandwidth**2)) for a, b in itertools.permutations(x, 2)])
    assert k == pytest.approx(-2 * 1000 * (1 - mean) / len(x), rel=1e-6)


def test_two_samples_of_one_distribution_give_zero_on_average():
    rng = np.random.default_rng(1)
    values = [_kad(*rng.normal(size=(2, 20, 3)), PAPER) for _ in range(300)]
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(300)


def test_equal_embeddings_have_no_bandwidth():
    with pytest.raises(NotMeasured, match="reference set's embeddings are all the same"):
        _kad(np.zeros((3, 2)), np.ones((3, 2)), PAPER)


def test_replicates_of_ones_are_the_value():
    x, y = _sets(8, 8)
    replicates = kad_replicates(x, y[None], np.ones((2, 8)), PAPER)[0]
    np.testing.assert_allclose(replicates, _kad(x, y, PAPER))


@pytest.mark.parametrize("closeness", [0, 1])  # at 1 each clip is close to its own reference, as reconstructions are
def test_replicates_leave_out_pairs_of_one_clip(closeness):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 3))
    y = closeness * x + (1 - 0.7 * closeness) * rng.normal(size=(60, 3))
    weights = rng.multinomial(60, np.full(60, 1 / 60), size=4000).astype(float)
    replicates = kad_replicates(x, y[None], weights, PAPER)[0]
    error = replicates.std() / math.sqrt(len(replicates))
    assert abs(replicates.mean() - _kad(x, y, PAPER)) < 4 * error
    if not closeness:  # what resampling the clips themselves would give
        rows = [np.repeat(np.arange(60), row.astype(int)) for row in weights[:200]]
        naive = np.mean([_kad(x[row], y[row], PAPER) for row in rows])
        assert naive > _kad(x, y, PAPER) + 10
