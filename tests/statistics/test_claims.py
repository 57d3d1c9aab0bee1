"""Claims: what runs of a study get for verdicts, look by look too, and what is refused when claims.yaml is read."""

import numpy as np
import pytest
import yaml

from shared.config import ConfigError
from shared.statistics.claims import (
    CONTRADICTED,
    INCONCLUSIVE,
    NO_VALUE,
    NOT_TESTABLE,
    PILOT,
    REPRODUCED,
    Verdict,
    asked,
    decided,
    judge,
    load_claims,
)
from shared.statistics.looks import level
from shared.statistics.scores import StudyScores
from tests.statistics.made_up_runs import made_claim


def made_scores(means, seeds=3, clips=50, spread=0.02, metric="sim", rng_seed=0) -> StudyScores:
    """A metric of generation in three variants, each clip with an offset that all variants share."""
    rng = np.random.default_rng(rng_seed)
    shared, training = rng.normal(0, 0.1, size=clips), rng.normal(0, spread, size=(len(means), seeds, 1))
    values = np.array(means)[:, None, None] + training + shared + rng.normal(0, 0.02, size=(len(means), seeds, clips))
    terms = np.stack([values, np.ones_like(values)], axis=1)
    names = [f"c{index:02d}" for index in range(clips)]
    return StudyScores(["a", "b", "c"], list(range(seeds)), names, {("generation", metric): terms})


RISES = made_claim("increases")


@pytest.mark.parametrize(("holds", "fails", "expected"), [
    (0.0249, 0.9, REPRODUCED), (0.9, 0.0249, CONTRADICTED), (0.025, 0.9, INCONCLUSIVE), (0.9, 0.025, INCONCLUSIVE),
    (0.5, 0.5, INCONCLUSIVE),
])  # fmt: skip
def test_verdicts_at_their_boundaries(holds, fails, expected):
    assert decided(holds, fails, level(None)) == expected


def test_pairs_see_what_unpaired_intervals_could_not():
    verdict = judge(RISES, made_scores([0.50, 0.56, 0.62], spread=0.003), "cpu")
    assert (verdict.verdict, verdict.reason, verdict.scale, verdict.look) == (REPRODUCED, "", "fisher_z", None)
    assert 0 < verdict.low < verdict.margin < 0.12


def test_opposite_order_is_contradicted_and_a_tie_is_inconclusive():
    assert judge(RISES, made_scores([0.7, 0.5, 0.3]), "cpu").verdict == CONTRADICTED
    assert judge(RISES, made_scores([0.5, 0.5, 0.5]), "cpu").verdict == INCONCLUSIVE


def test_one_run_is_a_pilot_with_a_value_alone():
    verdict = judge(RISES, made_scores([0.5, 0.6, 0.7], seeds=1), "cpu")
    assert (verdict.verdict, verdict.seeds, verdict.reason) == (PILOT, 1, "one training run")
    assert verdict.margin > 0 and {verdict.low, verdict.high, verdict.holds, verdict.fails} == {None}


def test_a_missing_metric_a_shut_gate_and_smoke_give_no_verdict():
    scores = made_scores([0.5, 0.6, 0.7])
    scores.missing["generation", "utmos"] = "the hub is out of reach"
    verdict = judge(made_claim("increases", "utmos"), scores, "cpu")
    assert (verdict.verdict, verdict.reason, verdict.margin) == (NOT_TESTABLE, "the hub is out of reach", None)
    assert judge(RISES, scores, "smoke").verdict == NOT_TESTABLE
    verdict = judge(RISES, scores, "cpu", shut="it is at its ceiling")
    assert (verdict.verdict, verdict.reason, verdict.margin) == (NOT_TESTABLE, "it is at its ceiling", None)


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_run_without_a_value_on_the_scale_leaves_nothing_to_test(seeds):
    scores = made_scores([0.5, 0.6, 0.7], seeds, metric="lsd")
    scores.terms["generation", "lsd"][0, 0, -1] = 0  # a distance of 0 in all clips has no logarithm
    verdict = judge(made_claim("increases", "lsd"), scores, "cpu")
    assert (verdict.verdict, verdict.reason, verdict.margin) == (NOT_TESTABLE, NO_VALUE, None)
    scores.terms["generation", "lsd"][0, :, -1] = 0  # nor has a run of which no clip was scored
    assert judge(made_claim("increases", "lsd"), scores, "cpu").reason == NO_VALUE


def test_a_run_without_an_error_still_has_a_logarithm():
    scores = made_scores([1, 2, 3], 2, metric="wer")
    scores.terms["generation", "wer"][:, 0] = 0
    scores.terms["generation", "wer"][:, 1] = 4
    verdict = judge(made_claim("increases", "wer"), scores, "cpu")
    assert (verdict.verdict, verdict.margin, verdict.holds) == (INCONCLUSIVE, 0, 1)
    assert scores.runs("generation", "wer").values[0, 0] == pytest.approx(np.log(0.5 / 200))


def test_one_speakers_clips_are_counted_singly():
    scores = made_scores([0.5, 0.6, 0.7])
    alike = StudyScores(scores.variants, scores.seeds, scores.clips, scores.terms, groups=np.zeros(50, dtype=int))
    assert alike.groups.tolist() == list(range(50))
    assert judge(RISES, alike, "cpu") == judge(RISES, scores, "cpu")


def test_clips_of_few_speakers_leave_more_open():
    singly, claim = made_scores([0.5, 0.6, 0.7], spread=0.0), made_claim("better", variants="ab")
    ten = StudyScores(singly.variants, singly.seeds, singly.clips, singly.terms, groups=np.arange(50) % 2)
    assert asked(claim, ten).effect.df < asked(claim, singly).effect.df


def test_a_look_asks_for_more_and_the_first_that_decides_counts():
    clear = judge(RISES, made_scores([0.3, 0.5, 0.7], 12), "cpu", sequential=True)
    assert (clear.verdict, clear.look, clear.seeds) == (REPRODUCED, 1, 4)
    grown = made_scores([0.50, 0.54, 0.58], 12, spread=0.012)
    one = asked(RISES, grown, first=4)
    assert level(1) < one.holds < level(None), "would do for a study that is looked at once"
    verdict = judge(RISES, grown, "cpu", sequential=True)
    assert (verdict.verdict, verdict.look, verdict.seeds) == (REPRODUCED, 2, 8)
    assert judge(RISES, grown, "cpu").look is None


def test_what_has_become_unlikely_is_given_up_and_no_later_seed_turns_it():
    scores = made_scores([0.5, 0.5, 0.5], 12)
    early = judge(RISES, scores, "cpu", sequential=True)
    assert (early.verdict, early.look, early.seeds) == (INCONCLUSIVE, 1, 4) and early.reason.startswith("given up")
    scores.terms["generation", "sim"][1, 0, 4:] += 0.1
    scores.terms["generation", "sim"][2, 0, 4:] += 0.2
    assert judge(RISES, scores, "cpu", sequential=True) == early


def test_a_pilot_decides_nothing():
    verdict = judge(RISES, made_scores([0.3, 0.5, 0.7], 4), "cpu", pilot=True)
    assert (verdict.verdict, verdict.reason) == (PILOT, "validation clips") and verdict.margin is not None


def test_before_the_first_look_there_is_no_verdict():
    verdict = judge(RISES, made_scores([0.3, 0.5, 0.7], 3), "cpu", sequential=True)
    assert (verdict.verdict, verdict.reason) == (PILOT, "3 training runs; the first look is at 4")


TOLERANT = {"tolerance": 0.1, "control": ["b", "c"]}
SCALES = [
    (made_claim("better", "wer", "ab"), "log"), (made_claim("better", "sim", "ab"), "fisher_z"),
    (made_claim("better", "pesq", "ab"), "plain"), (made_claim("within", "wer", "ab", **TOLERANT), "points"),
    (made_claim("within", "sim", "ab", **TOLERANT), "plain"),
    (made_claim("ranks_disagree", "pesq", against="wer"), "log"),
    (made_claim("hits_setting", "kl", "ab", **TOLERANT), "share"),
]


@pytest.mark.parametrize(("claim", "expected"), SCALES, ids=[f"{a.relation}-{a.metric}" for a, _ in SCALES])
def test_a_verdict_says_on_which_scale_it_is(claim, expected):
    scores = made_scores([0.5, 0.6, 0.7])
    terms = scores.terms["generation", "sim"]
    scores.terms = {(side, metric): terms for side in ("generation", "reconstruction")
                    for metric in ("sim", "wer", "pesq", "kl")}  # fmt: skip
    verdict = judge(claim, scores, "cpu", {"a": 1.0, "b": 2.0, "c": 3.0})
    assert isinstance(verdict, Verdict) and verdict.scale == expected


WRONG = {
    "metric": ({"metric": "sism"}, "no metric 'sism'; did you mean 'sim'?"),
    "variant": ({"variants": ["a", "bb", "c"]}, "study s has no variant 'bb'"),
    "study": ({"study": "z"}, "no study 'z'"),
    "relation": ({"relation": "increase"}, "no relation 'increase'; did you mean 'increases'?"),
    "too few": ({"relation": "peaks_inside", "variants": ["a", "b"]}, "peaks_inside needs at least 3 variants"),
    "pairs": ({"relation": "gap_widens", "variants": ["a", "b", "c", "d", "e"]}, "pairs of variants"),
    "itself": ({"relation": "better", "variants": ["a", "a"]}, "claims.0.variants: has 'a' twice"),
    "another unit": ({"relation": "inflates", "against": "wer"}, "sim and wer are no values of one unit"),
    "against itself": ({"relation": "inflates", "against": "sim"}, "against: sim would be compared with itself"),
    "direction": ({"direction": "higher"}, "increases takes no direction"),
    "tolerance": ({"relation": "within"}, "within needs tolerance"),
    "no against": ({"relation": "inflates"}, "inflates needs against"),
    "against": ({"relation": "inflates", "against": "sism"}, "no metric 'sism'; did you mean 'sim'?"),
    "no side": ({"side": None}, "increases needs side"),
    "a side": ({"relation": "ranks_disagree", "against": "wer"}, "ranks_disagree is of both sides"),
    "a tolerance": ({"tolerance": 0.1}, "increases takes no tolerance"),
    "too many": ({"relation": "better"}, "better needs exactly 2 variants"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim_is_one_line(tmp_path, name):
    change, expected = WRONG[name]
    claim = {**RISES.model_dump(exclude_none=True), **change}
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump({"claims": [claim]}))
    with pytest.raises(ConfigError) as caught:
        load_claims(tmp_path / "claims.yaml", {"s": [*"abcde"]})
    assert expected in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
