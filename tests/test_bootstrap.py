"""Draws of clips, and percentile intervals of what is measured on them."""

import numpy as np
import pytest

from shared.bootstrap import SET_REPLICATES, draw, interval


def test_each_replicate_has_as_many_clips_as_there_are():
    draws = draw(2, 30, replicates=50)
    assert draws.clips.shape == (50, 30) and (draws.clips.sum(axis=1) == 30).all()
    assert draws.seeds.shape == (50, 2) and (draws.seeds.sum(axis=1) == 2).all()
    np.testing.assert_array_equal(draws.clips, draw(2, 30, replicates=50).clips)


def test_an_interval_leaves_out_as_much_at_either_end():
    assert interval(np.arange(1001.0)) == pytest.approx((25, 975))
    assert interval(np.arange(1001.0), level=0.5) == pytest.approx((250, 750))


def test_an_interval_of_nothing_is_nan():
    assert np.isnan(interval(np.array([1.0, np.nan]))).all()


def test_an_interval_covers_a_mean_about_as_often_as_it_says():
    rng, covered = np.random.default_rng(2), 0
    for trial in range(200):
        values = rng.normal(size=60)
        low, high = interval(draw(1, 60, 400, trial).clips @ values / 60)
        covered += low < 0 < high
    assert 0.88 <= covered / 200 <= 0.99


def test_enough_replicates_for_an_interval():
    assert SET_REPLICATES >= 1000
