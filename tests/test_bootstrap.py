"""The bootstrap on made-up data with known answers."""

import numpy as np
import pytest

from shared.bootstrap import draw, interval, ratio, replicate_ratios


def _mean_terms(values: np.ndarray) -> np.ndarray:
    """`(..., seeds, clips)` → `(..., 2, seeds, clips)` of a mean."""
    return np.stack([values, np.ones_like(values)], axis=-3)


def test_ratio_of_sums_is_not_the_mean_of_ratios():
    errors, words = np.array([[1.0, 0.0]]), np.array([[1.0, 9.0]])
    assert ratio(np.stack([errors, words])) == pytest.approx(0.1)


def test_clips_without_a_value_do_not_count():
    terms = _mean_terms(np.array([[1.0, 3.0]]))
    terms[:, :, 1] = 0
    assert ratio(terms) == 1.0
    terms[:] = 0
    assert np.isnan(ratio(terms))


def test_replicates_agree_with_resampling_by_hand():
    rng = np.random.default_rng(0)
    terms = np.stack([rng.normal(size=(3, 5)), rng.uniform(1, 9, size=(3, 5))])
    draws = draw(seeds=3, clips=5, replicates=20)
    replicates = replicate_ratios(terms, draws)
    for index in range(20):
        seeds = np.repeat(np.arange(3), draws.seeds[index].astype(int))
        clips = np.repeat(np.arange(5), draws.clips[index].astype(int))
        top, bottom = terms[:, seeds][:, :, clips].sum(axis=(1, 2))
        assert replicates[index] == pytest.approx(top / bottom)


def test_all_variants_share_one_draw():
    values = np.random.default_rng(1).normal(size=(2, 30))
    terms = _mean_terms(np.stack([values, values + 0.5]))
    difference = np.diff(replicate_ratios(terms, draw(2, 30)), axis=0)
    np.testing.assert_allclose(difference, 0.5)


@pytest.mark.parametrize(("seeds", "clips"), [(1, 60), (12, 60)])
def test_intervals_cover_the_truth_about_as_often_as_they_say(seeds, clips):
    rng = np.random.default_rng(2)
    covered = 0
    for trial in range(300):
        # With one seed only the clips are resampled, so only they may vary.
        of_seed = rng.normal(0, 0.5 if seeds > 1 else 0.0, size=(seeds, 1))
        values = of_seed + rng.normal(0, 1, size=(1, clips)) + rng.normal(0, 0.3, size=(seeds, clips))
        low, high = interval(replicate_ratios(_mean_terms(values), draw(seeds, clips, 400, trial)))
        covered += low < 0 < high
    assert 0.88 <= covered / 300 <= 0.99


def test_same_data_same_interval():
    terms = _mean_terms(np.random.default_rng(3).normal(size=(3, 40)))
    assert interval(replicate_ratios(terms, draw(3, 40))) == interval(replicate_ratios(terms, draw(3, 40)))


def test_an_interval_of_nothing_is_nan():
    assert np.isnan(interval(np.array([1.0, np.nan]))).all()
