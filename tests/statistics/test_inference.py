"""Differences of training runs against what others compute of them, and at the edges."""

import numpy as np
import pytest
from scipy import stats

from shared.statistics.inference import (
    Effect,
    Runs,
    all_of,
    any_of,
    contrast,
    equality,
    interval_of_clips,
    training_variance,
)
from shared.statistics.scores import of_terms
from tests.statistics.made_up_runs import made_runs

RNG = np.random.default_rng(0)


def test_without_noise_of_clips_it_is_students_test():
    values = RNG.normal(size=(2, 5))
    found, expected = contrast(made_runs(values), [1, -1]), stats.ttest_ind(*values, alternative="greater")
    assert found.above() == pytest.approx(expected.pvalue) and found.df == expected.df
    between = stats.ttest_ind(*values).confidence_interval()
    assert found.interval() == pytest.approx((between.low, between.high))


def test_variants_of_one_training_are_paired():
    values = RNG.normal(size=(2, 6)) + 3 * RNG.normal(size=6)
    found, expected = contrast(made_runs(values, shared=(7, 7)), [1, -1]), stats.ttest_rel(*values)
    assert found.above() + found.below() == pytest.approx(1)
    assert 2 * min(found.above(), found.below()) == pytest.approx(expected.pvalue) and found.df == 5


def test_other_variants_lend_their_spread_but_never_lessen_it():
    calm, wild = np.array([-1.0, 0, 1]), np.array([-3.0, 0, 3])  # variances of 1 and 9
    lent = contrast(made_runs([calm, calm, wild]), [1, -1, 0])
    assert lent.error**2 == pytest.approx(2 * (1 + 1 + 9) / 3 / 3) and lent.df == pytest.approx(6)
    own = contrast(made_runs([calm, wild, wild / 3]), [1, -1, 0])
    assert own.error**2 == pytest.approx((1 + 9) / 3)


def test_a_training_that_several_variants_share_counts_once():
    values = [[-1, 0, 1], [-3, 0, 3], [-2, 0, 2]]
    assert training_variance(made_runs(values, shared=(0, 0, 1))) == (pytest.approx(((1 + 9) / 2 + 4) / 2), 4)


def test_what_nobody_trained_says_nothing_of_trainings():
    trained = np.array([[1.0, 2.0, 4.0], [3.0, 3.5, 3.2]])
    nothing = np.zeros((3, 3, 1))
    given = Runs(np.vstack([trained, [[2.0, 2.0, 2.0]]]), nothing, (0, 1, 2))
    assert training_variance(given) == (pytest.approx(trained.var(axis=1, ddof=1).mean()), 4)
    assert training_variance(Runs(np.ones((2, 3)), nothing[:2], (0, 1))) == (0, 4)


def test_clips_of_a_speaker_go_together():
    """Against the sums written out: residuals of the ratio by speaker, as of clusters (Liang & Zeger 1986)."""
    groups, words = np.array([0, 0, 1, 2, 2, 2]), RNG.integers(3, 9, size=6).astype(float)
    errors = RNG.integers(0, 4, size=(2, 1, 6)).astype(float)
    values, deviations = of_terms(np.stack([errors, np.broadcast_to(words, errors.shape)], axis=1), groups, False)
    total = 0.0
    for group in range(3):
        by_variant = [
            sum(errors[v, 0, c] - errors[v, 0].sum() / words.sum() * words[c] for c in np.flatnonzero(groups == group))
            for v in (0, 1)
        ]
        total += 3 / 2 * ((by_variant[0] - by_variant[1]) / words.sum()) ** 2
    assert values[:, 0] == pytest.approx(errors.sum(axis=(1, 2)) / words.sum())
    assert ((deviations[0, 0] - deviations[1, 0]) ** 2).sum() == pytest.approx(total)


def test_what_runs_and_clips_both_hold_counts_once():
    trained, fixed = np.array([-1.0, 1, 0]), np.array([0.3, -0.5, 0.2])
    same = np.broadcast_to(fixed, (1, 3, 3))
    alike = contrast(made_runs([trained], same), [1])
    assert alike.error**2 == pytest.approx(1 / 3 + (fixed**2).sum())
    # Three runs of which each met a group of its own: clips vary by 3 · (1/3)² · 0.9², all of it redrawn.
    redrawn = contrast(made_runs([trained], 0.9 * np.eye(3)[None]), [1])
    clips, both = 3 * 0.3**2, (3 * (0.6**2 + 2 * 0.3**2)) / (3 * 2)
    assert redrawn.error**2 == pytest.approx(1 / 3 + clips - both)


def test_the_degrees_of_freedom_are_satterthwaites():
    effect = contrast(made_runs([[-1.0, 1]], np.full((1, 2, 5), 0.2)), [1])
    training, clips = 2 / 2, 5 * 0.2**2
    assert effect.df == pytest.approx((training + clips) ** 2 / (training**2 / 1 + clips**2 / 4))


def test_a_mixed_models_variance_is_met_on_average():
    """Σ of the parts of a balanced model, written out: training 0.5², clips that stay 0.3² and are redrawn 0.4²."""
    rng, seeds, groups, found = np.random.default_rng(1), 4, 25, []
    for _ in range(400):
        by_group = 0.3 * rng.normal(size=(2, 1, groups)) + 0.4 * rng.normal(size=(2, seeds, groups))
        values = 0.5 * rng.normal(size=(2, seeds)) + by_group.mean(axis=2)
        deviations = (by_group - by_group.mean(axis=2, keepdims=True)) / np.sqrt(groups * (groups - 1))
        found.append(contrast(made_runs(values, deviations), [1, -1]).error ** 2)
    assert np.mean(found) == pytest.approx(2 * (0.25 / seeds + 0.09 / groups + 0.16 / groups / seeds), rel=0.1)


@pytest.mark.parametrize(("wider", "least"), [(1, 0.92), (2, 0.90)])
def test_intervals_cover_the_truth_about_as_often_as_they_say(wider, least):
    rng, covered = np.random.default_rng(3), 0
    for _ in range(400):
        sd = np.array([wider, 1, 1, 1, 1])[:, None]
        fixed = rng.normal(size=(5, 1, 20)) * 2
        values = sd * rng.normal(size=(5, 4)) + fixed.mean(axis=2)
        deviations = np.broadcast_to((fixed - fixed.mean(axis=2, keepdims=True)) / np.sqrt(20 * 19), (5, 4, 20))
        low, high = contrast(made_runs(values, deviations), [1, -1, 0, 0, 0]).interval()
        covered += low < 0 < high
    assert least <= covered / 400 <= 0.99


def test_one_run_has_a_value_and_no_test():
    effect = contrast(made_runs([[3.0], [1.0]]), [1, -1])
    assert effect.estimate == 2
    assert np.isnan([effect.error, effect.above(), effect.below(), *effect.interval()]).all()


def test_runs_that_are_all_equal_differ_for_sure_or_not_at_all():
    equal, apart = contrast(made_runs([[1, 1], [1, 1]]), [1, -1]), contrast(made_runs([[2, 2], [1, 1]]), [1, -1])
    assert (equal.above(), equal.below(), equal.interval()) == (1, 1, (0, 0))
    assert (apart.above(), apart.below(), apart.interval()) == (0, 1, (1, 1))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_run_without_a_value_leaves_none(place):
    values = np.ones((3, 2))
    values[place, 1] = np.nan
    effect = contrast(made_runs(values), [1, -1, 0])
    assert np.isnan([effect.error, effect.above(), effect.below()]).all()


@pytest.mark.parametrize("ps", [[np.nan, 0.1], [0.1, np.nan]])
def test_what_is_not_known_does_not_get_lost_among_others(ps):
    assert np.isnan(all_of(ps)) and np.isnan(any_of(ps))
    found = equality([Effect(0.1, each, 5) for each in ps], 1.0)
    assert np.isnan([found.holds, found.fails]).all()


def test_several_ps_become_one():
    assert all_of([0.01, 0.2, 0.03]) == 0.2
    assert any_of([0.01, 0.2, 0.03]) == pytest.approx(0.03)
    assert any_of([0.6, 0.7]) == 1


def test_equality_is_two_tests_of_one_side():
    close, far = Effect(0.1, 0.2, 9), Effect(-0.9, 0.2, 9)
    found = equality([close], 0.5)
    assert found.holds == pytest.approx(stats.t.sf((0.5 - 0.1) / 0.2, 9))  # the nearer end decides
    assert found.fails == pytest.approx(min(1, 2 * stats.t.sf((0.1 - 0.5) / 0.2, 9)))
    found = equality([close, far], 0.5)
    assert found.holds == pytest.approx(stats.t.sf((-0.9 + 0.5) / 0.2, 9))
    assert found.fails == pytest.approx(4 * stats.t.sf((0.9 - 0.5) / 0.2, 9))
    assert found.effect.estimate == pytest.approx(0.5 - 0.9)


def test_recordings_have_an_interval_over_clips_alone():
    clips = RNG.normal(2, 1, size=12)
    values, deviations = of_terms(np.stack([clips, np.ones(12)])[None, :, None], np.arange(12), False)
    between = stats.ttest_1samp(clips, 0).confidence_interval()
    assert interval_of_clips(made_runs(values, deviations)) == pytest.approx((between.low, between.high))
    assert interval_of_clips(made_runs([[2.0]], np.zeros((1, 1, 1)))) is None
