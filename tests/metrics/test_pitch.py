"""Pitch deviation against signals whose pitch is known."""

import numpy as np
import pytest

from shared.metrics.failure import NotMeasured
from shared.metrics.pitch import pitch_deviation

RATE = 16_000


def buzz(semitones: np.ndarray, base: float = 120.0) -> np.ndarray:
    """A harmonic tone whose pitch lies `semitones` `(time,)` above `base` Hz."""
    phase = 2 * np.pi * np.cumsum(base * 2 ** (semitones / 12)) / RATE
    return (0.1 * sum(np.sin(k * phase) / k for k in range(1, 12))).astype(np.float32)


def test_a_constant_pitch_has_none_and_a_vibrato_has_its_own():
    time = np.arange(2 * RATE) / RATE
    assert pitch_deviation(buzz(np.zeros_like(time)), RATE) < 0.1
    # The deviation of a sine is its amplitude over √2.
    for base in (100.0, 220.0):
        vibrato = buzz(3 * np.sin(2 * np.pi * 1.5 * time), base)
        assert pitch_deviation(vibrato, RATE) == pytest.approx(3 / np.sqrt(2), abs=0.15)


def test_louder_is_the_same():
    glide = buzz(np.linspace(-4, 4, RATE))
    assert pitch_deviation(0.1 * glide, RATE) == pytest.approx(pitch_deviation(glide, RATE), abs=1e-3)


@pytest.mark.parametrize("clip", [
    0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32), np.zeros(RATE, np.float32),
    np.zeros(100, np.float32), np.full(RATE, np.nan, np.float32),
])
def test_what_is_not_voiced_has_no_value(clip):
    with pytest.raises(NotMeasured):
        pitch_deviation(clip, RATE)
