"""Pitch against signals whose pitch is known."""

import numpy as np
import pytest

from shared.metrics.base import Case, Setup
from shared.metrics.failure import NotMeasured
from shared.metrics.pitch import Pitch, pitch_deviation, pitch_track
from shared.metrics.pitch_error import PitchError
from shared.metrics.voicing import Voicing

RATE = 16_000


def buzz(semitones: np.ndarray, base: float = 120.0) -> np.ndarray:
    """A harmonic tone whose pitch lies `semitones` `(time,)` above `base` Hz."""
    phase = 2 * np.pi * np.cumsum(base * 2 ** (semitones / 12)) / RATE
    return (0.1 * sum(np.sin(k * phase) / k for k in range(1, 12))).astype(np.float32)


def whisper(samples: int) -> np.ndarray:
    return 0.1 * np.random.default_rng(0).standard_normal(samples).astype(np.float32)


def test_a_constant_pitch_has_none_and_a_vibrato_has_its_own():
    time = np.arange(2 * RATE) / RATE
    assert pitch_deviation(buzz(np.zeros_like(time)), RATE) < 0.1
    # The deviation of a sine is its amplitude over √2.
    for base in (100.0, 220.0):
        vibrato = buzz(3 * np.sin(2 * np.pi * 1.5 * time), base)
        assert pitch_deviation(vibrato, RATE) == pytest.approx(3 / np.sqrt(2), abs=0.15)


@pytest.mark.parametrize("gain", [0.01, 3.0])
def test_louder_is_the_same(gain):
    glide = buzz(np.linspace(-4, 4, RATE))
    assert pitch_deviation(np.float32(gain) * glide, RATE) == pytest.approx(pitch_deviation(glide, RATE), abs=1e-3)


@pytest.mark.parametrize("clip", [
    whisper(RATE), np.zeros(RATE, np.float32), np.zeros(100, np.float32), np.full(RATE, np.nan, np.float32),
    np.zeros(0, np.float32),
])  # fmt: skip
def test_what_is_not_voiced_has_no_value(clip):
    with pytest.raises(NotMeasured):
        pitch_deviation(clip, RATE)


def test_silence_has_as_many_frames_as_speech_and_none_is_voiced():
    spoken, silent = (pitch_track(clip, RATE) for clip in (buzz(np.zeros(RATE)), np.zeros(RATE, np.float32)))
    assert len(spoken.voiced) == len(silent.voiced) and spoken.voiced.any() and not silent.voiced.any()


def of_pair(metric: type, reference: np.ndarray | None, clip: np.ndarray) -> tuple:
    return metric(Setup())(Case(None, clip, reference, None, RATE))


def test_a_pitch_that_is_half_a_semitone_off_is_fifty_cents_off():
    low, high = buzz(np.zeros(RATE)), buzz(np.full(RATE, 0.5))
    # The model's steps are 70 cents wide, between which it interpolates.
    assert of_pair(PitchError, low, high)[0] == pytest.approx(50, abs=10)
    assert of_pair(PitchError, low, low)[0] == 0
    frames, wrong, voiced, right = of_pair(Voicing, low, buzz(np.full(RATE, 2.0)))
    assert wrong < 0.05 * frames and voiced > 0.9 * frames and right == 0


def test_a_whisper_is_voiced_wrongly_and_has_no_pitch_error():
    half = np.concatenate([buzz(np.zeros(RATE)), whisper(RATE)])
    frames, wrong, voiced, right = of_pair(Voicing, half, half)
    assert wrong == 0 and right == voiced == pytest.approx(frames / 2, abs=4)
    for unvoiced in (whisper(2 * RATE), np.zeros(2 * RATE, np.float32)):
        assert of_pair(Voicing, half, unvoiced) == (frames, voiced, voiced, 0)
        with pytest.raises(NotMeasured, match="voiced in both"):
            of_pair(PitchError, half, unvoiced)


@pytest.mark.parametrize("metric", [PitchError, Voicing])
def test_a_reference_without_a_voice_is_none_to_compare_with(metric):
    with pytest.raises(NotMeasured, match="in the reference"):
        of_pair(metric, whisper(RATE), buzz(np.zeros(RATE)))
    with pytest.raises(NotMeasured, match="no reference"):
        of_pair(metric, None, buzz(np.zeros(RATE)))


def test_the_weights_are_named():
    found = Pitch(Setup()).provenance()
    assert len(found["weights_sha256"]) == 64 and found["sample_rate"] == RATE and found["level_dbov"] == -26
