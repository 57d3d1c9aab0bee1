"""Signals that metrics are tried on."""

import numpy as np
import pytest

RATE = 16_000


@pytest.fixture
def speech() -> np.ndarray:
    """1.5 s at 16 kHz that metrics take for speech: a gliding buzz, in syllables, with a little noise."""
    generator = np.random.default_rng(0)
    time = np.arange(int(1.5 * RATE)) / RATE
    pitch = 120 + 30 * np.sin(2 * np.pi * 1.5 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    buzz = sum(np.sin(k * phase) / k for k in range(1, 30))
    syllables = np.clip(np.sin(2 * np.pi * 3 * time), 0, 1) ** 0.5
    return (0.15 * buzz * syllables + 0.001 * generator.standard_normal(len(time))).astype(np.float32)


@pytest.fixture
def noisy(speech: np.ndarray) -> np.ndarray:
    """The same at about 10 dB signal-to-noise ratio."""
    noise = np.random.default_rng(1).standard_normal(len(speech)).astype(np.float32)
    return speech + noise * np.float32(speech.std() * 10 ** (-10 / 20))
