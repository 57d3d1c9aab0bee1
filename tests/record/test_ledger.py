"""Which verdicts stand after correction for their number: against a search by hand, families, primary claims, looks."""

import numpy as np
import pytest
from scipy.stats import norm

from shared.record.ledger import CORRECTED, correct, p_of
from shared.statistics.looks import LOOKS, level
from tests.report.made_up import verdict


def claims(ps, **changes):
    return [verdict(f"c{place}", "reproduced" if p < 0.025 else "inconclusive", 0.1, holds=p, fails=1 - p, **changes)
            for place, p in enumerate(ps)]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_what_stands_is_what_benjamini_and_hochbergs_steps_let_stand(seed):
    rng = np.random.default_rng(seed)
    given = claims(rng.uniform(size=30) ** 3)
    p = np.sort([2 * min(each.holds, each.fails) for each in given])
    below = [rank for rank, each in enumerate(p, start=1) if each <= 0.05 * rank / len(p)]
    found = correct(given)
    assert sum(each.standing == "reproduced" for each in found) == max(below, default=0)
    assert {each.standing for each in found if each.q > 0.05} == {"inconclusive"}


def test_a_verdict_that_falls_is_inconclusive_and_says_why():
    (fallen, *_) = correct(claims([0.02, *[0.4] * 9]))
    assert (fallen.verdict, fallen.standing, fallen.reason) == ("reproduced", "inconclusive", CORRECTED)
    (alone,) = correct(claims([0.02]))
    assert (alone.standing, alone.q, alone.reason) == ("reproduced", pytest.approx(0.04), "")


def test_a_primary_claim_stands_by_itself_and_ours_are_a_family_of_their_own():
    many = claims([0.4] * 20)
    primary, ours = (verdict(name, "contradicted", -0.1, holds=0.98, fails=0.02, **changes)
                     for name, changes in (("p", {"primary": True}), ("o", {"origin": "ours"})))  # fmt: skip
    common = verdict("c", "contradicted", -0.1, holds=0.98, fails=0.02)
    found = {each.id: each for each in correct([*many, primary, ours, common])}
    assert (found["p"].standing, found["p"].q) == ("contradicted", None)
    assert (found["o"].standing, found["o"].q) == ("contradicted", pytest.approx(0.04))
    assert found["c"].standing == "inconclusive"


def test_what_was_not_tested_counts_for_nothing():
    untested = [verdict("pilot", "pilot", 0.1), verdict("no", "not testable here", reason="why")] * 20
    found = correct([*untested, *claims([0.02])])
    assert found[-1].standing == "reproduced"
    assert {(each.standing, each.q, each.reason) for each in found[:-1]} == {
        ("pilot", None, ""), ("not testable here", None, "why")}  # fmt: skip


@pytest.mark.parametrize("look", [1, 2, 3])
def test_p_of_a_look_is_five_percent_where_the_look_decides(look):
    at = verdict("c", "inconclusive", 0.1, holds=level(look), fails=0.9, look=look)
    assert p_of(at) == pytest.approx(0.05)
    assert p_of(verdict("c", "inconclusive", 0.1, holds=0.5, fails=0.5, look=look)) == 1


def test_p_of_the_look_at_which_a_study_stops_is_a_p():
    steps = np.random.default_rng(0).normal(size=(len(LOOKS), 200_000)).cumsum(axis=0)
    of_side = norm.sf(steps / np.sqrt(np.arange(1, len(LOOKS) + 1))[:, None])
    scaled = [np.minimum(1, 2 * np.minimum(p, 1 - p) * 0.025 / level(look)) for look, p in enumerate(of_side, start=1)]
    *early, stopped = scaled
    for p in reversed(early):
        stopped = np.where(p < 0.05, p, stopped)
    for bound in (0.05, 0.02, 0.005):
        assert (stopped < bound).mean() <= bound * 1.05
