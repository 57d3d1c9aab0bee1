"""Phases that are found for magnitudes."""

import math

import pytest
import torch

from shared.audio.phases import find_stretch, find_waveform, griffin_lim, nearest_peak, single_pass
from shared.audio.spectral import Stft

N_FFT, HOP = 512, 128


@pytest.fixture
def stft():
    return Stft(N_FFT, HOP, padding="same")


def chord(samples: int = 8000) -> torch.Tensor:
    """Three tones, one of them gliding: `(1, samples)`."""
    time = torch.arange(samples) / 16000
    tones = [torch.sin(2 * math.pi * f * time) for f in (440.3, 1234.0)]
    return (sum(tones) + 0.5 * torch.sin(2 * math.pi * (2500 + 400 * time) * time))[None]


def distance(stft: Stft, waveform: torch.Tensor, wanted: torch.Tensor) -> float:
    """Of magnitudes, over the wanted ones' norm."""
    made = stft(waveform).abs()[:, None]
    return float((made - wanted).norm() / wanted.norm())


def test_a_single_pass_carries_steady_tones_on(stft):
    magnitude = stft(chord()[:, : 60 * HOP]).abs()[:, None]
    carried = distance(stft, find_waveform(magnitude, stft, 0)[:, 0], magnitude)
    still = distance(stft, stft.inverse(magnitude[:, 0].to(torch.complex64)), magnitude)
    assert carried < 0.2 and carried < 0.3 * still


def test_a_tones_phase_advances_by_its_frequency(stft):
    """At whole bins the phases of a sinusoid's transform are known."""
    tone = torch.cos(2 * math.pi * 37 * torch.arange(40 * HOP) / N_FFT)[None]
    spectrum = stft(tone)[:, 35:40, 5:35]
    turns, _ = single_pass(stft(tone).abs(), N_FFT, HOP)
    difference = turns[:, 35:40, 5:35] - spectrum.angle() / (2 * math.pi)
    loud = spectrum.abs() > 1
    offset = difference[:, 2:3, :1]  # all phases may be turned alike
    off = ((difference - offset + 0.5).remainder(1) - 0.5)[loud]
    assert off.abs().max() < 0.01


def test_iterations_bring_it_nearer(stft):
    magnitude = stft(chord()[:, : 60 * HOP]).abs()[:, None]
    far = [distance(stft, find_waveform(magnitude, stft, n)[:, 0], magnitude) for n in (0, 4, 16, 64)]
    assert far == sorted(far, reverse=True) and far[-1] < 0.8 * far[0]


def test_it_is_the_same_each_time_and_examples_do_not_meet(stft):
    magnitude = stft(torch.cat([chord(), torch.randn(1, 8000)])[:, : 60 * HOP]).abs()[:, None]
    both = find_waveform(magnitude, stft, 8)
    assert torch.equal(both, find_waveform(magnitude, stft, 8))
    torch.testing.assert_close(both[:1], find_waveform(magnitude[:1], stft, 8))


def test_channels_share_their_phases(stft):
    magnitude = stft(chord()[:, : 60 * HOP]).abs()
    left, right = find_waveform(torch.stack([magnitude, 0.25 * magnitude], dim=1), stft, 8)[0]
    torch.testing.assert_close(right, 0.25 * left)


def test_silence_stays_silent(stft):
    assert not find_waveform(torch.zeros(1, 1, N_FFT // 2 + 1, 10), stft, 4).any()


def test_what_is_too_short_to_be_transformed_again_comes_from_the_single_pass(stft):
    magnitude = stft(chord()).abs()[:, None, :, 10:11]
    assert find_waveform(magnitude, stft, 4).shape == (1, 1, HOP)


def test_the_gradient_takes_phases_for_constants(stft):
    torch.manual_seed(0)
    magnitude = torch.rand(1, 1, N_FFT // 2 + 1, 12, requires_grad=True)
    phase = griffin_lim(magnitude.detach(), stft, 2)
    by_hand = stft.inverse((magnitude * phase)[:, 0])
    weight = torch.randn_like(by_hand)
    (expected,) = torch.autograd.grad((by_hand * weight).sum(), magnitude)
    (gradient,) = torch.autograd.grad((find_waveform(magnitude, stft, 2)[:, 0] * weight).sum(), magnitude)
    torch.testing.assert_close(gradient, expected)


def test_the_nearest_peak():
    magnitude = torch.tensor([0.0, 1, 5, 1, 0, 2, 3, 1])[None, :, None]
    assert nearest_peak(magnitude).flatten().tolist() == [2, 2, 2, 2, 2, 6, 6, 6]
    assert nearest_peak(torch.ones(1, 4, 1)).flatten().tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("frames", [1, 4, 10])
def test_a_stream_is_near_what_is_found_at_once(stft, frames):
    magnitude = stft(chord()[:, : 60 * HOP]).abs()
    state, stretches = None, []
    for part in magnitude.split(frames, dim=2):
        stretch, state = find_stretch(part, stft, 16, state)
        assert stretch.shape == (1, frames * HOP)
        stretches.append(stretch)
    streamed = distance(stft, torch.cat(stretches, dim=1), magnitude[:, None])
    assert streamed < 0.3


@pytest.mark.parametrize(("n_fft", "hop"), [(800, 200), (1000, 160), (512, 128)])
def test_a_stretch_of_true_phases_would_be_the_signal(n_fft, hop, monkeypatch):
    """Windows are added up and weighed as the transform asks, at every hop."""
    stft = Stft(n_fft, hop, padding="same")
    audio = torch.randn(2, 24 * hop)
    spectrum = stft(audio)
    angles = iter(torch.sgn(spectrum).split(4, dim=2))
    monkeypatch.setattr("shared.audio.phases.of_turns", lambda turns: next(angles))
    state, stretches = None, []
    for part in spectrum.abs().split(4, dim=2):
        stretch, state = find_stretch(part, stft, 0, state)
        stretches.append(stretch)
    joined = torch.cat(stretches, dim=1)
    # A stretch's last samples lack the windows that follow; those of its first half don't.
    for start in range(4 * hop, 20 * hop, 4 * hop):
        settled = slice(start + n_fft, start + 4 * hop - n_fft)
        torch.testing.assert_close(joined[:, settled], audio[:, settled], atol=1e-4, rtol=1e-4)
