"""Phoneme errors: what counts as a phoneme, which texts are refused, and what is heard of speech, noise and silence."""

from importlib.util import find_spec

import numpy as np
import pytest

from shared.corpora.espeak import Voice
from shared.corpora.speech import speak
from shared.metrics.base import Case, Setup
from shared.metrics.failure import NotMeasured
from shared.metrics.phonemes import PhonemeErrors, plain
from shared.sampling.clips import GeneratedClip

RATE = 16_000
needs_hama = pytest.mark.skipif(not find_spec("hama"), reason="the package is not installed")
TEXT = "She sells sea shells, and he reads."


def case(clip: np.ndarray, text: str = TEXT) -> Case:
    said = GeneratedClip(id="a", file="clips/a.wav", text=text, reference=None, prompt=None, speaker=None)
    return Case(said, clip.astype(np.float32), None, None, RATE)


@pytest.mark.parametrize(("symbol", "letters"), [
    ("oʊ", "oʊ"), ("kʰ", "k"), ("t͡ʃ", "tʃ"), ("\u02d0", ""), ("⁵", ""), ("ĩ", "i"), ("ŋ", "ŋ"), (" ", ""),
    ("\u0294", "\u0294"), ("ç", "c"),
])  # fmt: skip
def test_a_phoneme_is_its_letters(symbol, letters):
    assert plain(symbol) == letters


@pytest.fixture(scope="module")
def metric() -> PhonemeErrors:
    return PhonemeErrors(Setup())


@needs_hama
def test_what_is_said_is_heard_and_noise_is_not(metric):
    spoken = speak(TEXT, Voice("en-us", "f2"), RATE)
    total, errors, heard = metric(case(spoken))
    assert total > 20 and errors < 0.5 * total and "ʃ" in heard
    assert metric(case(np.float32(0.01) * spoken))[1] == errors
    noise = np.random.default_rng(0).standard_normal(len(spoken))
    assert metric(case(spoken + 2 * spoken.std() * noise))[1] > errors
    assert metric(case(spoken, "move the purple box"))[1] > 10


@needs_hama
@pytest.mark.parametrize("clip", [np.zeros(0), np.zeros(RATE), np.zeros(3)])
def test_of_silence_every_phoneme_is_missed(metric, clip):
    total, errors, heard = metric(case(clip))
    assert errors == total > 0 and heard == ""


@needs_hama
def test_punctuation_and_case_change_nothing(metric):
    spoken = speak(TEXT, Voice("en-us", "f2"), RATE)
    assert metric(case(spoken, "SHE SELLS SEA SHELLS... and he reads!")) == metric(case(spoken))


@needs_hama
@pytest.mark.parametrize("text", ["", "?!", "12 boxes", "über", "привет", "hello 😀 안녕"])
def test_other_texts_have_no_phonemes_here(metric, text):
    with pytest.raises(NotMeasured, match="English letters alone"):
        metric(case(np.zeros(RATE), text))


@needs_hama
def test_what_is_not_finite_is_not_heard_and_weights_are_named(metric):
    with pytest.raises(NotMeasured, match="not finite"):
        metric(case(np.full(RATE, np.nan)))
    assert len(metric.provenance()["weights_sha256"]) == 3 * 64 + 2
