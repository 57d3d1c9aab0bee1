"""What verdicts rest on, in words, for each relation."""

import math

import pytest

from shared.report.evidence import evidence
from shared.statistics.claims import Claim
from shared.statistics.words import number
from tests.report.made_up import row, verdict

GENERATION = {"side": "generation", "metric": "wer"}


def _claim(relation, variants, **rest):
    if "tolerance" in rest:
        rest["control"] = ["x", "y"]
    return Claim(id="c", study="s", text="t", where="w", relation=relation, variants=variants, **rest)


def _wer(**values):
    return [row(name, value) for name, value in values.items()]


def test_better_gives_both_values_and_the_margin_in_points():
    rows = _wer(a=0.068, b=0.263)
    claim = _claim("better", ["a", "b"], **GENERATION)
    said = evidence(verdict("c", "reproduced", 0.195, low=0.161, high=0.229), claim, rows)
    assert said == "Generation WER 6.8 % on a against 26.3 % on b; margin 19.5 points [16.1, 22.9]."


def test_a_difference_of_logarithms_is_a_ratio():
    rows, claim = _wer(a=0.1, b=0.2), _claim("better", ["a", "b"], **GENERATION)
    given = verdict("c", "reproduced", math.log(2), low=math.log(1.6), high=math.log(2.5), scale="log")
    assert evidence(given, claim, rows).endswith("; margin ×2 [1.6, 2.5].")
    pilot = verdict("c", "pilot", math.log(2), scale="log", reason="one training run")
    assert evidence(pilot, claim, rows).endswith("; margin ×2 (one training run).")


def test_what_is_no_rate_has_no_points():
    rows = [row("a", 1.21, metric="pesq"), row("b", 1.27, metric="pesq")]
    claim = _claim("better", ["a", "b"], side="generation", metric="pesq")
    said = verdict("c", "contradicted", -0.06, low=-0.0712, high=-0.04, scale="plain", reason="one seed")
    said = evidence(said, claim, rows)
    assert said == "Generation PESQ 1.21 on a against 1.27 on b; margin −0.06 [−0.0712, −0.04] (one seed)."


RELATIONS = {
    "increases": (_claim("increases", ["a", "b", "c"], **GENERATION),
                  "10 % (a), 20 % (b), 40 % (c); the least rise between neighbours is the margin"),
    "decreases": (_claim("decreases", ["c", "b"], **GENERATION),
                  "40 % (c), 20 % (b); the least fall between neighbours is the margin"),
    "peaks_inside": (_claim("peaks_inside", ["a", "b", "c"], **GENERATION), "better the best inner one is"),
    "within": (_claim("within", ["a", "b"], tolerance=0.01, **GENERATION),
               "10 % (a), 20 % (b): 10 points apart, allowed are 1 point"),
    "hits_setting": (_claim("hits_setting", ["a"], tolerance=0.1, **GENERATION), "10 % for 8, allowed are 10 % off"),
    "gap_widens": (_claim("gap_widens", ["a", "b", "d", "c"], **GENERATION),
                   "10 % (a) against 20 % (b), then 5 % (d) against 40 % (c)"),
}  # fmt: skip


@pytest.mark.parametrize("relation", RELATIONS)
def test_each_relation_shows_the_values_that_it_compares(relation):
    claim, expected = RELATIONS[relation]
    scale = "share" if relation == "hits_setting" else "points"
    said = evidence(verdict("c", "inconclusive", 0.02, scale=scale), claim, _wer(a=0.1, b=0.2, c=0.4, d=0.05))
    assert said.startswith("Generation WER ")
    assert expected in said
    unit = "2 % of the setting [−3, 7]" if relation == "hits_setting" else "2 points [−3, 7]"
    assert said.endswith(f"; margin {unit}.")


def test_ranks_name_the_best_of_either_side():
    claim = _claim("ranks_disagree", ["a", "b"], metric="pesq", against="wer")
    pesq = [row("a", 1.2, side="reconstruction", metric="pesq"), row("b", 1.3, side="reconstruction", metric="pesq")]
    disagree = evidence(verdict("c", "reproduced", 0.1), claim, [*pesq, *_wer(a=0.1, b=0.2)])
    best = "Reconstruction PESQ is best on b (1.3)"
    assert disagree.startswith(f"{best}, Generation WER on a (10 % against 20 %); margin 10 points")
    agree = evidence(verdict("c", "contradicted", -0.1), claim, [*pesq, *_wer(a=0.2, b=0.1)])
    assert agree.startswith(f"{best}, and so is Generation WER (10 %); margin −10 points")


def test_what_is_held_against_another_metric_gives_both():
    rows = [row("a", value, side="reconstruction", metric=metric)
            for metric, value in (("dims95", 20.0), ("dims95_before", 12.0))]  # fmt: skip
    of_dims = {"side": "reconstruction", "metric": "dims95", "against": "dims95_before"}
    dims = "Effective dims (f = 0.95)"
    values = f"Reconstruction {dims}, against {dims}, before the last stage: 20 against 12"
    said = evidence(verdict("c", "reproduced", 8, scale="plain"), _claim("inflates", ["a"], **of_dims), rows)
    assert said.startswith(f"{values} (a); the least excess is the margin; margin 8 [")
    stays = _claim("stays", ["a"], tolerance=2, **of_dims)
    said = evidence(verdict("c", "contradicted", -6, scale="plain"), stays, rows)
    assert said.startswith(f"{values} (a); allowed are 2 apart; margin −6 [")


def test_without_claim_or_values_the_margin_stands_alone():
    claim, given = _claim("better", ["a", "b"], **GENERATION), verdict("c", "reproduced", 0.1)
    alone = "Margin 10 points [5, 15]."
    assert evidence(given, None, _wer(a=0.1, b=0.2)) == alone
    assert evidence(given, claim, _wer(a=0.1)) == alone
    assert evidence(given, claim, [*_wer(a=0.1), row("b", None)]) == alone


def test_what_is_not_tested_says_why():
    given = verdict("c", "not testable here", reason="utmos is not computed")
    assert evidence(given, None, []) == "Not tested: utmos is not computed."


@pytest.mark.parametrize(("value", "text"), [(14.2667, "14.3"), (-0.00146954, "−0.00147"), (1234.5, "1230"), (0.0, "0"),
                                             (1e-7, "0.0000001"), (10.0, "10"), (100.0, "100")])  # fmt: skip
def test_numbers_have_three_digits_and_no_exponent(value, text):
    assert number(value) == text
