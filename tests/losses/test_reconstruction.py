"""Spectral losses: zero on the same input, hand-computed values, and agreement with NumPy and auraloss."""

import numpy as np
import pytest
import torch

from shared.audio.spectral import mel_filterbank
from shared.audio.weighting import a_weighting
from shared.config import ConfigError
from shared.losses.config import MelResolution, ReconstructionConfig, ReconstructionWeights, Resolution
from shared.losses.mel import LogMelLoss, MultiScaleMelLoss
from shared.losses.multi_resolution_stft import MagnitudeLoss, MultiResolutionStftLoss
from shared.losses.reconstruction import ReconstructionLoss
from shared.losses.spectra import Spectra

RATE = 16000
RESOLUTIONS = (Resolution(n_fft=256, hop=64), Resolution(n_fft=128, hop=40, window=100))
SCALES = (MelResolution(n_fft=256, hop=64, n_mels=20), MelResolution(n_fft=64, hop=16, n_mels=8))


@pytest.fixture
def waveforms() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = 0.1 * torch.randn(2, 1, 1500, generator=generator)
    return target + 0.05 * torch.randn(2, 1, 1500, generator=generator), target


def magnitudes(waveform: torch.Tensor, resolution: Resolution) -> np.ndarray:
    """|STFT| by NumPy alone, `(batch, bins, frames)`."""
    n_fft, hop, length = resolution.n_fft, resolution.hop, resolution.window or resolution.n_fft
    left = (n_fft - length) // 2
    window = np.pad(np.hanning(length + 1)[:-1], (left, n_fft - length - left))
    padded = np.pad(waveform[:, 0].numpy(), ((0, 0), (n_fft // 2, n_fft // 2)), mode="reflect")
    starts = range(0, padded.shape[1] - n_fft + 1, hop)
    return np.stack([np.abs(np.fft.rfft(padded[:, i : i + n_fft] * window)) for i in starts], axis=2)


LOSSES = {
    "stft": MultiResolutionStftLoss(RESOLUTIONS),
    "perceptual stft": MultiResolutionStftLoss(RESOLUTIONS, RATE),
    "mel": MultiScaleMelLoss(SCALES, RATE),
}


@pytest.mark.parametrize("name", LOSSES)
def test_same_input_gives_zero_and_another_does_not(name, waveforms):
    prediction, target = waveforms
    assert LOSSES[name](target, target).item() == 0
    assert LOSSES[name](prediction, target).item() > 0.01


@pytest.mark.parametrize("name", LOSSES)
def test_silence_gives_a_finite_loss_and_gradient(name):
    prediction = torch.zeros(1, 1, 1500, requires_grad=True)
    LOSSES[name](prediction, torch.zeros(1, 1, 1500)).backward()
    assert torch.isfinite(prediction.grad).all()


def test_half_the_magnitude_by_hand():
    """||Y - Y/2|| / ||Y|| = 1/2 and |log Y - log Y/2| = log 2 everywhere."""
    target = torch.full((2, 5, 3), 4.0)
    assert MagnitudeLoss(8)(target / 2, target).item() == pytest.approx(0.5 + np.log(2), rel=1e-6)
    assert LogMelLoss(64, 4, RATE)(torch.full((1, 33, 2), 0.5), torch.ones(1, 33, 2)).item() == pytest.approx(
        np.log(2), rel=1e-5
    )


@pytest.mark.parametrize("rate", [None, RATE])
def test_stft_loss_agrees_with_numpy(rate, waveforms):
    expected = []
    for resolution in RESOLUTIONS:
        x, y = (magnitudes(waveform, resolution) for waveform in waveforms)
        if rate is not None:
            gain = a_weighting(torch.arange(x.shape[1]) * rate / resolution.n_fft).numpy()[None, :, None]
            x, y = x * gain, y * gain
        convergence = np.linalg.norm(y - x) / np.linalg.norm(y)
        expected.append(convergence + np.abs(np.log(np.maximum(x, 1e-4) / np.maximum(y, 1e-4))).mean())
    loss = MultiResolutionStftLoss(RESOLUTIONS, rate)(*waveforms)
    assert loss.item() == pytest.approx(np.mean(expected), rel=1e-4)


def test_stft_loss_agrees_with_auraloss(waveforms):
    auraloss = pytest.importorskip("auraloss")
    theirs = auraloss.freq.MultiResolutionSTFTLoss([256, 128], [64, 40], [256, 100])
    assert LOSSES["stft"](*waveforms).item() == pytest.approx(theirs(*waveforms).item(), rel=1e-5)


def test_mel_loss_agrees_with_numpy(waveforms):
    expected = []
    for scale in SCALES:
        filters = mel_filterbank(RATE, scale.n_fft, scale.n_mels).numpy()
        x, y = (np.maximum(filters @ magnitudes(waveform, scale), 1e-5) for waveform in waveforms)
        expected.append(np.abs(np.log(x) - np.log(y)).mean())
    assert LOSSES["mel"](*waveforms).item() == pytest.approx(np.mean(expected), rel=1e-4)


def test_perceptual_weighting_all_but_ignores_a_rumble(waveforms):
    _, target = waveforms
    rumble = 0.05 * torch.sin(2 * torch.pi * 30 * torch.arange(1500) / RATE)
    heard = MultiResolutionStftLoss([Resolution(n_fft=1024, hop=256)], RATE)(target + rumble, target)
    measured = MultiResolutionStftLoss([Resolution(n_fft=1024, hop=256)])(target + rumble, target)
    assert heard < measured / 3


def test_equal_resolutions_share_their_transform():
    spectra = Spectra([*RESOLUTIONS, *(scale.resolution for scale in SCALES)])
    assert len(spectra.transforms) == 3


def test_reconstruction_loss_is_the_weighted_sum_of_its_terms(waveforms):
    weights = ReconstructionWeights(l1=2, stft=0.5, mel=3)
    config = ReconstructionConfig(weights=weights, stft=RESOLUTIONS, mel=SCALES, perceptual=False)
    total, parts = ReconstructionLoss(config, RATE)(*waveforms)
    prediction, target = waveforms
    assert parts["l1"].item() == pytest.approx((prediction - target).abs().mean().item())
    assert parts["stft"].item() == pytest.approx(LOSSES["stft"](*waveforms).item())
    assert parts["mel"].item() == pytest.approx(LOSSES["mel"](*waveforms).item())
    assert total.item() == pytest.approx((2 * parts["l1"] + 0.5 * parts["stft"] + 3 * parts["mel"]).item())


@pytest.mark.parametrize("left", ["stft", "mel"])
def test_a_term_without_resolutions_is_left_out(waveforms, left):
    config = ReconstructionConfig(**{"stft": RESOLUTIONS, "mel": SCALES, left: ()}, perceptual=False)
    total, parts = ReconstructionLoss(config, RATE)(*waveforms)
    (kept,) = {"stft", "mel"} - {left}
    assert parts.keys() == {"l1", kept}
    assert total.item() == pytest.approx((parts["l1"] + 3 * LOSSES[kept](*waveforms)).item())


def test_descending_the_loss_recovers_the_target(waveforms):
    _, target = waveforms
    loss = ReconstructionLoss(ReconstructionConfig(stft=RESOLUTIONS, mel=SCALES), RATE)
    prediction = (0.3 * target).requires_grad_()
    optimiser = torch.optim.Adam([prediction], lr=5e-3)
    values = []
    for _ in range(40):
        optimiser.zero_grad()
        total, _ = loss(prediction, target)
        total.backward()
        optimiser.step()
        values.append(total.item())
    assert values[-1] < values[0] / 2


def test_too_many_mel_bands_are_refused():
    with pytest.raises(ConfigError, match="mel filters are empty"):
        MultiScaleMelLoss([MelResolution(n_fft=64, hop=16, n_mels=33)], RATE)
