"""The constant-Q transform: its defining sum, where tones lie, gradients, and what is refused."""

import math

import numpy as np
import pytest
import torch

from shared.audio.constant_q import ConstantQ
from shared.config import ConfigError

RATE, HOP, OCTAVES, BINS, LOWEST = 16000, 64, 5, 12, 200.0


def make_transform(**changes) -> ConstantQ:
    sizes = {"sample_rate": RATE, "hop": HOP, "octaves": OCTAVES, "bins_per_octave": BINS, "f_min": LOWEST}
    return ConstantQ(**sizes | changes)


def by_definition(waveform: np.ndarray, transform: ConstantQ) -> np.ndarray:
    """The sum of the class's docstring, a bin and a frame at a time, at the full rate."""
    quality = 1 / (2 ** (1 / BINS) - 1)
    result = np.zeros((OCTAVES * BINS, -(-len(waveform) // HOP)), complex)
    for k in range(len(result)):
        frequency = LOWEST * 2 ** (k / BINS)
        length = quality * RATE / frequency
        for n in range(result.shape[1]):
            time = np.arange(-int(length / 2), int(length / 2) + 1)
            window = 0.5 + 0.5 * np.cos(2 * np.pi * time / length)
            inside = (time + n * HOP >= 0) & (time + n * HOP < len(waveform))
            phase = np.exp(-2j * np.pi * frequency * time / RATE)
            heard = waveform[(time + n * HOP)[inside]]
            result[k, n] = np.sum(heard * (window * phase)[inside]) / np.sqrt(np.sum(window**2))
    return result


@pytest.mark.parametrize(("hop", "factors"), [(HOP, [16, 8, 4, 2, 1]), (96, [16, 8, 4, 2, 1]), (50, [2, 2, 2, 2, 1])])
def test_octaves_are_computed_at_lower_rates_where_the_hop_allows(hop, factors):
    assert make_transform(hop=hop).factors == factors


def test_it_is_the_sum_that_defines_it():
    transform = make_transform()
    waveform = torch.randn(1, 3001, generator=torch.Generator().manual_seed(0))
    expected = by_definition(waveform[0].double().numpy(), transform)
    result = transform(waveform)[0].numpy()
    assert result.shape == expected.shape == (60, 47)
    assert np.abs(result - expected).max() < 2e-3 * np.abs(expected).max()
    octave_apart = np.abs(result[BINS:] - expected[:-BINS]).max()
    assert octave_apart > 0.5 * np.abs(expected).max()


@pytest.mark.parametrize("k", [0, 5, 23, 24, 47, 59])
def test_a_tone_peaks_at_its_bin_in_every_frame(k):
    frequency = LOWEST * 2 ** (k / BINS)
    tone = torch.sin(2 * math.pi * frequency * torch.arange(RATE // 2) / RATE).unsqueeze(0)
    level = make_transform()(tone).abs()[0, :, 25:-25]
    assert (level.argmax(dim=0) == k).all()
    # Σ w / 2 at unit energy: half of sqrt(2 N / 3) for a Hann window of N samples.
    length = RATE / frequency / (2 ** (1 / BINS) - 1)
    torch.testing.assert_close(level[k], torch.full_like(level[k], math.sqrt(length / 6)), rtol=0.01, atol=0)


def test_gradients_reach_the_whole_waveform():
    waveform = torch.randn(2, 1000, generator=torch.Generator().manual_seed(0)).requires_grad_()
    make_transform()(waveform).abs().sum().backward()
    assert (waveform.grad.unflatten(1, (-1, 50)).abs().sum(dim=2) > 0).all()


def test_octaves_beyond_half_the_rate_are_refused():
    with pytest.raises(ConfigError, match="6 octaves from 200 Hz end at 12800 Hz, above half the sampling rate"):
        make_transform(octaves=6)
