"""Gates: what shuts each of them, with the number, and that what is sound passes all."""

import numpy as np
import pytest

from shared.statistics.gates import shut
from shared.statistics.paper import PaperValue
from shared.statistics.scores import StudyScores
from tests.statistics.made_up_runs import made_claim

CLIPS = 40
SIDES = ("reconstruction", "generation")
# Of variants a, b, c: reconstruction, then generation.
SOUND = {"pesq": ([2.0, 2.5, 3.0], [2.0, 2.2, 2.4]), "wer": ([0.02, 0.02, 0.02], [0.05, 0.08, 0.12])}
TRUTH = {"pesq": 4.0, "wer": 0.01}


def _terms(means, seeds, rng_seed):
    """`(variants, 2, seeds, clips)`: clips differ by 1 % of a value, and trainings by 0.5 %."""
    rng = np.random.default_rng(rng_seed)
    of_clips, of_runs = 1 + 0.01 * rng.normal(size=CLIPS), 1 + 0.005 * rng.normal(size=(len(means), seeds, 1))
    values = np.array(means)[:, None, None] * of_runs * of_clips
    return np.stack([values, np.ones_like(values)], axis=1)


def made(seeds=3, truth=None, **changes) -> StudyScores:
    """Scores of three variants; `changes`: metric → values of either side."""
    scores = StudyScores(["a", "b", "c"], list(range(seeds)), [f"c{index:02d}" for index in range(CLIPS)])
    for metric, means in {**SOUND, **changes}.items():
        for side, values in zip(SIDES, means, strict=True):
            scores.terms[side, metric] = _terms(values, seeds, sum(map(ord, side + metric)))
    for metric, mean in {**TRUTH, **(truth or {})}.items():
        scores.ground_truth[metric] = _terms([mean], 1, 9)[0]
    return scores


def why(claim, scores, published=None, settings=None, unordered=None):
    return shut(claim, scores, published or {}, settings or {}, unordered or {})


RISES, SPEAKS = made_claim("increases", "pesq"), made_claim("increases", "wer")
DISAGREE = made_claim("ranks_disagree", "pesq", against="wer")


@pytest.mark.parametrize("claim", [RISES, SPEAKS, DISAGREE], ids=lambda each: each.relation + each.metric)
@pytest.mark.parametrize("seeds", [1, 3])
def test_what_is_sound_passes(claim, seeds):
    assert why(claim, made(seeds)) is None


SHUT = {
    "above recordings": (RISES, made(truth={"pesq": 2.8}), "rates reconstructions (c: 3.01) above recordings (2.8)"),
    "no speech": (RISES, made(wer=([0.02] * 3, [0.2, 0.3, 0.4])), "the best generator's WER is 19.9 %, above 15 %"),
    "too few errors": (
        SPEAKS, made(truth={"wer": 0.018}, wer=([0.02] * 3, [0.03, 0.04, 0.05])),
        "the best generator's WER, 3.0 %, is less than twice the recordings', 1.8 %",
    ),
    "no span": (DISAGREE, made(pesq=([2.00, 2.01, 2.02], [2.0, 2.2, 2.4])), "5 are needed"),
    "no errors at all": (
        made_claim("increases", "wer", side="reconstruction"),
        made(truth={"wer": 0.0}, wer=([0, 0, 0], [0.05, 0.08, 0.12])),
        "WER is at its best value, 0 %, in every run",
    ),
    "at its ceiling": (
        made_claim("increases", "stoi"), made(stoi=([0.9] * 3, [0.997, 0.998, 0.999])), "to within 2 % of its range"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHUT)
def test_a_shut_gate_gives_its_number(name):
    claim, scores, expected = SHUT[name]
    assert expected in why(claim, scores)


def test_one_that_is_surely_above_the_recordings_is_enough():
    scores = made(pesq=([2.0, 4.1, 2.5], [2.0, 2.2, 2.4]))
    scores.terms["reconstruction", "pesq"][0, 0] += 2.2 + np.resize([3.0, -3.0], CLIPS)  # further above, and unsure
    assert "rates reconstructions (b: 4.1" in why(RISES, scores)
    scores.terms["reconstruction", "pesq"][1, 0] -= 2
    assert "rates reconstructions" not in (why(RISES, scores) or "")


def test_a_ladder_out_of_order_shuts():
    unordered = {"pesq": "20 dB above 30 dB"}
    assert why(RISES, made(), unordered=unordered) == "PESQ does not order its ladder: 20 dB above 30 dB"
    assert why(SPEAKS, made(), unordered=unordered) is None


def test_a_span_of_runs_that_are_all_equal():
    scores = made(pesq=([2.0] * 3, [2.0, 2.2, 2.4]))
    scores.terms["reconstruction", "pesq"][:, 0] = 2
    assert why(DISAGREE, scores) == "PESQ is the same in every run"
    scores.terms["reconstruction", "pesq"][2, 0] = 3
    assert why(DISAGREE, scores) is None


def equal(tolerance, control=("a", "c"), **more):
    return made_claim("within", "pesq", "ab", tolerance=tolerance, control=list(control), **more)


FAR = {"pesq": ([2.0, 2.5, 3.0], [2.0, 2.01, 2.8])}


def _paper(values):
    return {
        ("s", name, "generation", "pesq"): PaperValue(value=value, where="Table 1", trust="primary")
        for name, value in values.items()
    }


def test_a_tolerance_is_a_quarter_of_the_range_or_the_papers_own_difference():
    assert why(equal(0.19), made(**FAR)) is None
    assert "more than 0.197" in why(equal(0.25), made(**FAR))
    assert why(equal(0.25), made(**FAR), _paper({"a": 3.0, "b": 3.25})) is None
    assert "more than 0.197" in why(equal(0.25), made(**FAR), _paper({"a": 3.0}))


def test_a_control_must_differ_as_surely_as_a_claim():
    close = {"pesq": ([2.0, 2.5, 3.0], [2.0, 2.01, 2.015])}
    paper = _paper({"a": 3.0, "b": 3.2})
    assert "its control, a and c, does not differ either" in why(equal(0.2), made(**close), paper)
    barely = {"pesq": ([2.0, 2.5, 3.0], [2.0, 2.01, 2.22])}
    assert "its control, a and c, can't be told from no difference: p = 0." in why(equal(0.2), made(**barely), paper)
    assert why(equal(0.2), made(1, **barely), paper) is None, "one run has no p"


def test_what_is_one_and_the_same_is_not_called_equal():
    scores = made(**FAR)
    scores.terms["generation", "pesq"][1] = scores.terms["generation", "pesq"][0]
    assert "the same in every run, by construction" in why(equal(0.1), scores)


@pytest.mark.parametrize("setting", ["wide", None, 0, True])
def test_an_axis_without_numbers_has_no_shares(setting):
    claim = made_claim("hits_setting", "kl", "ab", tolerance=0.1, control=["a", "c"])
    scores = made(kl=([1.0] * 3, [1.0, 2.0, 3.0]))
    assert "sets no number" in why(claim, scores, settings={"a": 1.0, "b": setting, "c": 3.0})
    assert why(claim, scores, settings={"a": 1.0, "b": 2.0, "c": 3}) is None


def test_a_run_without_any_scored_clip_is_left_to_the_test():
    scores = made()
    scores.terms["reconstruction", "pesq"][0, :, 0] = 0
    assert why(DISAGREE, scores) is None
