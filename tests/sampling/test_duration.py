"""Durations: LongCat's rule and the fit."""

import numpy as np
import pytest

from shared.corpora.manifest import Clip
from shared.sampling.config import DurationConfig
from shared.sampling.duration import MOST_PAIRS, DurationModel, counted_units, units


def make_clip(text: str, seconds: float) -> Clip:
    return Clip(id=text, file="", text=text, speaker="a", split="train", seen_speaker=True, seconds=seconds, sha256="")


def test_a_constant_rate_scales_with_the_prompts_pace_within_bounds():
    model = DurationModel(DurationConfig(seconds_per_character=0.1, pace=(1.0, 1.5)), [])
    assert model.seconds("abcd", "ab", 0.24) == pytest.approx(0.4 * 1.2)
    assert model.seconds("abcd", "ab", 0.10) == pytest.approx(0.4)
    assert model.seconds("abcd", "ab", 9.0) == pytest.approx(0.6)


def test_the_fit_learns_that_letters_differ_in_length():
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ab "), size=rng.integers(4, 12))) for _ in range(300)]
    def truth(text: str) -> float:
        return 0.2 + 0.05 * text.count("a") + 0.15 * text.count("b")

    model = DurationModel(DurationConfig(pace=(0.5, 2.0)), [make_clip(text, truth(text)) for text in texts])
    for text in ("aaaa", "bbbbbb", "ab ab ab"):
        assert model.text_seconds(text) == pytest.approx(truth(text), rel=0.05)
    assert model.seconds("bbbb", "aaaa", 1.2 * truth("aaaa")) == pytest.approx(1.2 * truth("bbbb"), rel=0.08)


def test_an_unknown_text_still_gets_a_duration():
    model = DurationModel(DurationConfig(), [make_clip("ab", 0.5), make_clip("abb", 0.7)])
    assert model.text_seconds("xyz") > 0 and model.text_seconds("") > 0


def test_units_are_characters_and_pairs():
    assert list(units("aB")) == ["a", "b", " a", "ab", "b "]


def test_a_text_lasts_as_long_in_either_form_of_unicode():
    for config in (DurationConfig(), DurationConfig(seconds_per_character=0.1)):
        model = DurationModel(config, [make_clip("é", 0.5), make_clip("éb", 0.7)])
        assert model.text_seconds("E\u0301b") == model.text_seconds("éb")


def test_all_characters_and_the_commonest_pairs_are_counted():
    texts = [chr(0x4E00 + index) + chr(0x4E00 + 7 * index) for index in range(1500)] + ["ab"] * 2
    found = counted_units(texts)
    assert {each for each in found if len(each) == 1} == set("".join(texts))
    assert sum(len(each) == 2 for each in found) == MOST_PAIRS and {" a", "ab", "b "} <= set(found)
    model = DurationModel(DurationConfig(), [make_clip(text, 0.3 * len(text)) for text in texts[::30]])
    assert model.text_seconds(texts[1]) == pytest.approx(0.6, rel=0.1)


def test_bounds_of_the_pace_must_be_in_order():
    with pytest.raises(ValueError, match="least <= greatest"):
        DurationConfig(pace=(2.0, 1.0))
