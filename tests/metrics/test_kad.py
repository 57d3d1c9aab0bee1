"""KAD against sums written out, its identities, and its bootstrap."""

import itertools
import math

import numpy as np
import pytest

from shared.metrics.config import KadConfig
from shared.metrics.failure import NotMeasured
from shared.metrics.kad import kad_replicates, kernel_audio_distance

PAPER, TOOLKIT = KadConfig(), KadConfig(bandwidth="evaluated", scale=100)


def _sets(first=9, second=7, dim=4, shift=0.7):
    rng = np.random.default_rng(0)
    return rng.normal(size=(first, dim)).astype(np.float32), shift + 1.3 * rng.normal(size=(second, dim))


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


@pytest.mark.parametrize("config", [PAPER, TOOLKIT])
def test_it_is_the_sum_over_pairs(config):
    x, y = _sets()
    assert kernel_audio_distance(x, y, config) == pytest.approx(_written_out(x, y, config), rel=1e-6)


def test_the_conventions_differ():
    x, y = _sets()
    assert kernel_audio_distance(x, y, PAPER) == pytest.approx(10 * kernel_audio_distance(x, y, KadConfig(scale=100)))
    assert abs(kernel_audio_distance(x, y, KadConfig(scale=100)) - kernel_audio_distance(x, y, TOOLKIT)) > 0.1


def test_the_order_of_clips_does_not_matter():
    x, y = _sets()
    assert kernel_audio_distance(x[::-1], y[::-1], PAPER) == pytest.approx(kernel_audio_distance(x, y, PAPER))


def test_a_set_against_itself_is_below_zero_by_the_pairs_with_itself():
    x, _ = _sets()
    k = kernel_audio_distance(x, x + 1e-9, PAPER)
    bandwidth = np.median([math.dist(a, b) for a, b in itertools.combinations(x, 2)])
    mean = np.mean([math.exp(-(math.dist(a, b) ** 2) / (2 * bandwidth**2)) for a, b in itertools.permutations(x, 2)])
    assert k == pytest.approx(-2 * 1000 * (1 - mean) / len(x), rel=1e-6)


def test_two_samples_of_one_distribution_give_zero_on_average():
    rng = np.random.default_rng(1)
    values = [kernel_audio_distance(*rng.normal(size=(2, 20, 3)), PAPER) for _ in range(300)]
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(300)


def test_equal_embeddings_have_no_bandwidth():
    with pytest.raises(NotMeasured, match="reference set's embeddings are all the same"):
        kernel_audio_distance(np.zeros((3, 2)), np.ones((3, 2)), PAPER)


def test_replicates_of_ones_are_the_value():
    x, y = _sets(8, 8)
    replicates = kad_replicates(x, y, np.ones((2, 8)), PAPER)
    np.testing.assert_allclose(replicates, kernel_audio_distance(x, y, PAPER))


@pytest.mark.parametrize("closeness", [0, 1])  # at 1 each clip is close to its own reference, as reconstructions are
def test_replicates_leave_out_pairs_of_one_clip(closeness):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 3))
    y = closeness * x + (1 - 0.7 * closeness) * rng.normal(size=(60, 3))
    weights = rng.multinomial(60, np.full(60, 1 / 60), size=4000).astype(float)
    replicates = kad_replicates(x, y, weights, PAPER)
    error = replicates.std() / math.sqrt(len(replicates))
    assert abs(replicates.mean() - kernel_audio_distance(x, y, PAPER)) < 4 * error
    if not closeness:  # what resampling the clips themselves would give
        rows = [np.repeat(np.arange(60), row.astype(int)) for row in weights[:200]]
        naive = np.mean([kernel_audio_distance(x[row], y[row], PAPER) for row in rows])
        assert naive > kernel_audio_distance(x, y, PAPER) + 10
