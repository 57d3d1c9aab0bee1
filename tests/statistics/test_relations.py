"""Relations: the difference that decides, and p of each hypothesis against those computed by hand."""

import numpy as np
import pytest
from scipy import stats

from shared.statistics.relations.base import PACKAGE, Measured, find_relation, relations
from tests.statistics.made_up_runs import about, made_claim, made_runs, outcome

# relation, whether higher is better, values of a, b, c, margin
MARGINS = [
    ("increases", 1, (1, 2, 5), 1),
    ("increases", 1, (1, 2, 1.5), -0.5),
    ("increases", -1, (1, 2, 5), 1),  # it speaks of the value, whichever way is better
    ("decreases", 1, (5, 2, 1), 1),
    ("decreases", 1, (5, 2, 3), -1),
    ("peaks_inside", 1, (1, 3, 2), 1),
    ("peaks_inside", 1, (1, 3, 4), -1),
    ("peaks_inside", -1, (3, 1, 2), 1),
    ("better", 1, (2, 1.5), 0.5),
    ("better", -1, (2, 1.5), -0.5),
    ("gap_widens", -1, (1, 2, 1, 4, 2, 9), 2),
    ("gap_widens", -1, (1, 4, 1, 2, 2, 9), -2),
    ("gap_widens", 1, (2, 1, 4, 1), 2),
]


@pytest.mark.parametrize(("relation", "sign", "values", "expected"), MARGINS)
def test_margins(relation, sign, values, expected):
    claim = made_claim(relation, variants="abcdef"[: len(values)])
    found = outcome(claim, about(values), signs=[sign])
    assert found.effect.estimate == pytest.approx(expected)
    assert (found.holds < 0.5) == (expected > 0) and (found.fails < 0.5) == (expected < 0)
    one = outcome(claim, made_runs([[each] for each in values]), signs=[sign])
    assert one.effect.estimate == pytest.approx(expected) and np.isnan([one.holds, one.fails]).all()


def _p(difference: float, variants: int) -> float:
    """That a difference of two of so many variants, of two runs each at ±0.1, is this or more."""
    return float(stats.t.sf(difference / 0.1 / np.sqrt(2), variants))


def test_a_rise_holds_as_far_as_its_least_sure_step_and_fails_as_far_as_any():
    found = outcome(made_claim("increases"), about([0, 0.5, 0.7]))
    assert found.holds == pytest.approx(_p(0.2, 3))
    assert found.fails == pytest.approx(min(1, 2 * _p(-0.2, 3)))


def test_a_peak_is_one_inner_variant_above_both_ends_and_no_peak_an_end_above_all_inner():
    found = outcome(made_claim("peaks_inside", variants="abcd"), about([0, 0.5, 0.9, 0.2]))
    assert found.holds == pytest.approx(2 * _p(0.7, 4))
    found = outcome(made_claim("peaks_inside", variants="abcd"), about([0.9, 0.5, 0.3, 0.2]))
    assert found.fails == pytest.approx(2 * _p(0.4, 4))


def test_ranks_disagree_only_where_the_best_reconstructor_is_known():
    claim = made_claim("ranks_disagree", "pesq", against="wer")
    signs = (1, -1)
    found = outcome(claim, about([1, 2, 3]), about([0.1, 0.2, 0.9]), signs=signs)
    assert found.effect.estimate == pytest.approx(0.8)
    assert found.holds == pytest.approx(max(_p(1, 3), 2 * _p(0.8, 3)))
    found = outcome(claim, about([1, 2.9, 3]), about([0.1, 0.2, 0.9]), signs=signs)
    assert found.holds == pytest.approx(_p(0.1, 3)), "the first two can't be told apart"
    found = outcome(claim, about([1, 2, 3]), about([0.9, 0.6, 0.1]), signs=signs)
    assert found.fails == pytest.approx(_p(0.5, 3)) and found.effect.estimate == pytest.approx(-0.5)


def test_within_is_of_all_pairs():
    found = outcome(made_claim("within", tolerance=0.5), about([1, 1.2, 0.9]))
    assert found.effect.estimate == pytest.approx(0.2)
    assert found.holds == pytest.approx(_p(0.2, 3))
    found = outcome(made_claim("within", tolerance=0.2), about([1, 1.9, 0.9]))
    assert found.effect.estimate == pytest.approx(-0.8) and found.fails == pytest.approx(6 * _p(0.8, 3))


def test_stays_and_inflates_hold_each_variant_against_its_own_other_metric():
    stays = made_claim("stays", "wer", "ab", against="cer", tolerance=0.5)
    assert outcome(stays, about([1, 2]), about([1.1, 1.7], 0)).effect.estimate == pytest.approx(0.2)
    assert outcome(stays, about([1, 2]), about([1.1, 2.7], 0)).effect.estimate == pytest.approx(-0.2)
    inflates = made_claim("inflates", "wer", "ab", against="cer")
    assert inflates.needs() == [("generation", "wer"), ("generation", "cer")]
    found = outcome(inflates, about([5, 9]), about([2, 7], 0))
    assert found.effect.estimate == pytest.approx(2)
    assert found.holds == pytest.approx(float(stats.t.sf(2 / 0.1, 2)))
    assert outcome(inflates, about([5, 6]), about([2, 7], 0)).effect.estimate == pytest.approx(-1)


def test_hits_setting_is_about_the_worst_variant_and_relative():
    claim = made_claim("hits_setting", "kl", "ab", tolerance=0.1)
    assert outcome(claim, about([42, 76]), settings=[40, 80]).effect.estimate == pytest.approx(0.05)
    assert outcome(claim, about([52, 80]), settings=[40, 80]).effect.estimate == pytest.approx(-0.2)


def test_what_ours_is_called_equal_fails_for_a_control():
    claim = made_claim("hits_setting", "kl", "ab", tolerance=0.1)
    places, runs = [0, 1], about([40, 80])
    measured = [Measured(runs, places, 1, [40, 80])]
    relation = find_relation("hits_setting")
    assert relation.test(claim, measured).effect.estimate == pytest.approx(0.1)
    assert relation.control(claim, measured).effect.estimate == pytest.approx(-0.9)


@pytest.mark.parametrize(("relation", "variants"), [("increases", 3), ("peaks_inside", 5), ("within", 3)])
def test_where_nothing_is_true_verdicts_are_rare(relation, variants):
    rng, wrong = np.random.default_rng(4), 0
    claim = made_claim(relation, variants="abcde"[:variants], **({"tolerance": 6.0} if relation == "within" else {}))
    true = np.where(np.arange(variants) == 0, 6.0 if relation == "within" else 0.0, 0.0)
    for _ in range(150):
        found = outcome(claim, made_runs(true[:, None] + rng.normal(size=(variants, 3))))
        wrong += min(found.holds, found.fails) < 0.025
    assert wrong / 150 <= 0.08


def test_every_relation_is_called_as_its_module():
    assert len(relations()) == 10
    assert all(find_relation(name).__module__ == f"{PACKAGE}.{name}" for name in relations())
