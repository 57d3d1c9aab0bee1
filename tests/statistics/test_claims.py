"""Claims: each relation's margin, verdicts at their boundaries, and what cannot be tested."""

import numpy as np
import pytest
import yaml

from shared.bootstrap import draw
from shared.config import ConfigError
from shared.statistics.claims import (
    CONTRADICTED,
    INCONCLUSIVE,
    NOT_TESTABLE,
    REPRODUCED,
    Claim,
    judge,
    load_claims,
    margin_of,
    verdict_of,
)
from shared.statistics.relations.base import PACKAGE, find_relation, relations
from shared.statistics.scores import StudyScores


def _claim(relation, metric="sim", variants=("a", "b", "c"), **more):
    if relation != "ranks_disagree":
        more.setdefault("side", "generation")
    common = {"id": "x", "study": "s", "text": "t", "where": "w", "relation": relation, "metric": metric}
    return Claim(**common, variants=list(variants), **more)


def _margin(claim, *values):
    return float(margin_of(claim, [np.array(each, dtype=float)[:, None] for each in values])[0])


# relation, metric, values of a, b, c, margin
MARGINS = [
    ("increases", "sim", (1, 2, 5), 1),
    ("increases", "sim", (1, 2, 1.5), -0.5),
    ("increases", "wer", (1, 2, 5), 1),  # it speaks of the value, whichever way is better
    ("decreases", "sim", (5, 2, 1), 1),
    ("decreases", "sim", (5, 2, 3), -1),
    ("peaks_inside", "sim", (1, 3, 2), 1),
    ("peaks_inside", "sim", (1, 3, 4), -1),
    ("peaks_inside", "wer", (3, 1, 2), 1),  # the best WER is the lowest
]


@pytest.mark.parametrize(("relation", "metric", "values", "expected"), MARGINS)
def test_margins(relation, metric, values, expected):
    assert _margin(_claim(relation, metric), values) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("metric", "values", "expected"),
    [("wer", (1, 2, 1, 4, 2, 9), 2), ("wer", (1, 4, 1, 2, 2, 9), -2), ("sim", (2, 1, 4, 1), 2)],
)
def test_a_gap_widens_from_each_pair_to_the_next(metric, values, expected):
    claim = _claim("gap_widens", metric, "abcdef"[: len(values)])
    assert _margin(claim, values) == pytest.approx(expected)


def test_better_follows_the_metric_or_the_claim():
    assert _margin(_claim("better", "wer", "ab"), (0.1, 0.3)) == pytest.approx(0.2)
    assert _margin(_claim("better", "sim", "ab"), (0.1, 0.3)) == pytest.approx(-0.2)
    assert _margin(_claim("better", "sim", "ab", direction="lower"), (0.1, 0.3)) == pytest.approx(0.2)


def test_within_measures_the_largest_difference():
    assert _margin(_claim("within", tolerance=0.5), (1, 1.2, 0.9)) == pytest.approx(0.2)
    assert _margin(_claim("within", tolerance=0.2), (1, 1.2, 0.9)) == pytest.approx(-0.1)


def test_stays_and_inflates_hold_each_variant_against_its_own_other_metric():
    stays = _claim("stays", "wer", "ab", against="cer", tolerance=0.5)
    assert _margin(stays, (1, 2), (1.1, 1.7)) == pytest.approx(0.2)
    assert _margin(stays, (1, 2), (1.1, 2.7)) == pytest.approx(-0.2)
    inflates = _claim("inflates", "wer", "ab", against="cer")
    assert inflates.needs() == [("generation", "wer"), ("generation", "cer")]
    assert _margin(inflates, (5, 9), (2, 7)) == pytest.approx(2)
    assert _margin(inflates, (5, 6), (2, 7)) == pytest.approx(-1)


def test_ranks_disagree():
    claim = _claim("ranks_disagree", "pesq", against="wer")
    # c reconstructs best; a generates best, 0.2 better than c.
    assert _margin(claim, (1, 2, 3), (0.1, 0.2, 0.3)) == pytest.approx(0.2)
    # c is best at both: the next is 0.1 worse.
    assert _margin(claim, (1, 2, 3), (0.3, 0.2, 0.1)) == pytest.approx(-0.1)


def test_hits_setting_is_about_the_worst_variant_and_relative():
    claim = _claim("hits_setting", "kl", ["a", "b"], tolerance=0.1)
    margin = margin_of(claim, [np.array([[42.0], [76.0]])], [40.0, 80.0])
    assert margin.item() == pytest.approx(0.05)
    assert margin_of(claim, [np.array([[52.0], [80.0]])], [40.0, 80.0]).item() == pytest.approx(-0.2)


@pytest.mark.parametrize(("low", "high", "expected"), [
    (1e-9, 1, REPRODUCED), (-1, -1e-9, CONTRADICTED), (-1, 1, INCONCLUSIVE),
    (0, 1, INCONCLUSIVE), (-1, 0, INCONCLUSIVE), (0, 0, INCONCLUSIVE),
    (5.2e-18, 1, INCONCLUSIVE), (-1, -5.2e-18, INCONCLUSIVE),
])
def test_verdicts_at_their_boundaries(low, high, expected):
    assert verdict_of(low, high) == expected


def _scores(means, seeds=3, clips=50, spread=0.3):
    """SIM of generation in three variants, each clip with an offset that all variants share."""
    rng = np.random.default_rng(0)
    shared = rng.normal(0, spread, size=(1, clips))
    values = np.stack([mean + shared + rng.normal(0, 0.02, size=(seeds, clips)) for mean in means])
    terms = np.stack([values, np.ones_like(values)], axis=1)
    names = [f"c{index:02d}" for index in range(clips)]
    return StudyScores(["a", "b", "c"], list(range(seeds)), names, {("generation", "sim"): terms})


def test_pairs_see_what_unpaired_intervals_could_not():
    verdict = judge(_claim("increases"), _scores([0.50, 0.53, 0.56]), draw(3, 50), "cpu")
    assert verdict.verdict == REPRODUCED
    assert verdict.low < verdict.margin < 0.05
    assert verdict.reason == ""


def test_opposite_order_is_contradicted_and_a_tie_is_inconclusive():
    assert judge(_claim("increases"), _scores([0.6, 0.5, 0.4]), draw(3, 50), "cpu").verdict == CONTRADICTED
    assert judge(_claim("increases"), _scores([0.5, 0.5, 0.5]), draw(3, 50), "cpu").verdict == INCONCLUSIVE


def test_one_seed_is_marked():
    verdict = judge(_claim("increases"), _scores([0.5, 0.6, 0.7], seeds=1), draw(1, 50), "cpu")
    assert (verdict.verdict, verdict.seeds) == (REPRODUCED, 1)
    assert "one seed" in verdict.reason


def test_a_missing_metric_and_smoke_give_no_verdict():
    scores = _scores([0.5, 0.6, 0.7])
    scores.missing["generation", "utmos"] = "the hub is out of reach"
    verdict = judge(_claim("increases", "utmos"), scores, draw(3, 50), "cpu")
    assert (verdict.verdict, verdict.reason, verdict.margin) == (NOT_TESTABLE, "the hub is out of reach", None)
    assert judge(_claim("increases"), scores, draw(3, 50), "smoke").verdict == NOT_TESTABLE


WRONG = {
    "metric": ({"metric": "sism"}, "no metric 'sism'; did you mean 'sim'?"),
    "variant": ({"variants": ["a", "bb", "c"]}, "study s has no variant 'bb'"),
    "study": ({"study": "z"}, "no study 'z'"),
    "relation": ({"relation": "increase"}, "no relation 'increase'; did you mean 'increases'?"),
    "too few": ({"relation": "peaks_inside", "variants": ["a", "b"]}, "peaks_inside needs at least 3 variants"),
    "pairs": ({"relation": "gap_widens", "variants": ["a", "b", "c", "d", "e"]}, "pairs of variants"),
    "itself": ({"relation": "better", "variants": ["a", "a"]}, "claims.0.variants: has 'a' twice"),
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
    claim = {**_claim("increases").model_dump(exclude_none=True), **change}
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump({"claims": [claim]}))
    with pytest.raises(ConfigError) as caught:
        load_claims(tmp_path / "claims.yaml", {"s": [*"abcde"]})
    assert expected in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_every_relation_is_called_as_its_module():
    assert len(relations()) == 10
    assert all(find_relation(name).__module__ == f"{PACKAGE}.{name}" for name in relations())
