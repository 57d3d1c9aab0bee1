import random

import numpy as np
import pytest

from shared.corpora import espeak
from shared.corpora.espeak import EspeakError, Voice, synthesise

VOICES = [
    Voice("en-us", "m3"),
    Voice("gmw/en", "f2", 190, 60, 40),
    Voice("en-gb-scotland", "Andy", 200, 30, 70),
]
REQUESTS = [(text, voice) for text in ("move red box", "take blue key", "hello") for voice in VOICES]


def test_speech_is_the_same_whatever_was_spoken_before():
    first = {request: synthesise(*request)[0].tobytes() for request in REQUESTS}
    for seed in range(3):
        order = random.Random(seed).sample(REQUESTS, len(REQUESTS))
        assert {request: synthesise(*request)[0].tobytes() for request in order} == first


def test_speech_is_16_bit_mono_and_audible():
    audio, rate = synthesise("hello world", Voice("en-us", "m1"))
    assert audio.dtype == np.int16 and audio.ndim == 1 and rate == 22050
    assert 0.4 < len(audio) / rate < 2
    assert np.abs(audio).max() > 3000


def test_rate_and_pitch_have_an_effect():
    plain, fast, high = (
        synthesise("hello world", Voice("en-us", "m1", rate, pitch))[0]
        for rate, pitch in ((175, 50), (300, 50), (175, 90))
    )
    assert len(fast) < 0.8 * len(plain)
    assert high.tobytes() != plain.tobytes()


def test_unknown_voice():
    with pytest.raises(EspeakError, match="no voice 'xx-none\\+m1'"):
        synthesise("hello", Voice("xx-none", "m1"))


def test_data_in_a_deep_folder_are_reached_through_a_link(monkeypatch):
    expected = synthesise("hello", VOICES[0])[0]
    espeak._data_path.cache_clear()
    monkeypatch.setattr(espeak, "LONGEST_DATA_PATH", 0)
    try:
        assert espeak._data_path() != espeak.espeakng_loader.get_data_path()
        assert np.array_equal(synthesise("hello", VOICES[0])[0], expected)
    finally:
        espeak._data_path.cache_clear()
