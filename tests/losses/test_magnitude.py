"""The loss of magnitudes, its formula and its gradient."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from shared.audio.librosa_parts import from_librosa
from shared.audio.spectral import Stft
from shared.autoencoders.magnitudes import STD, features, from_head
from shared.losses.config import MagnitudeWeights, ReconstructionConfig
from shared.losses.magnitude import MagnitudeLoss, mel_density

RATE, FLOOR = 16_000, 0.03
WEIGHTS = MagnitudeWeights(log=2.0, convergence=0.5, mel=3.0, n_mels=20)


@pytest.fixture
def stft():
    return Stft(256, 64, padding="same")


def test_the_formula(stft):
    torch.manual_seed(0)
    x, target = torch.rand(3, 2, 129, 10), torch.randn(3, 2, 640)
    total, parts = MagnitudeLoss(WEIGHTS, RATE, stft, FLOOR)(x, target)
    y = stft(target.flatten(0, 1)).abs().numpy().astype(float)
    x = x.flatten(0, 1).numpy().astype(float)
    weight = mel_density(256, RATE).numpy()[:, None]
    assert float(parts["log"]) == pytest.approx(np.mean(weight * abs(np.log((x + FLOOR) / (y + FLOOR)))), rel=1e-5)
    convergence = np.sqrt(((y - x) ** 2).sum() / (y**2).sum())
    assert float(parts["convergence"]) == pytest.approx(convergence, rel=1e-5)
    filters = from_librosa("filters").mel(sr=RATE, n_fft=256, n_mels=20)
    logs = [np.log(np.maximum(filters @ each, 1e-5)) for each in (x, y)]
    assert float(parts["mel"]) == pytest.approx(abs(logs[0] - logs[1]).mean(), rel=1e-4)
    weighted = 2 * parts["log"] + 0.5 * parts["convergence"] + 3 * parts["mel"]
    torch.testing.assert_close(total, weighted)


def test_equal_magnitudes_cost_nothing(stft):
    target = torch.randn(2, 1, 640)
    total, _ = MagnitudeLoss(WEIGHTS, RATE, stft, FLOOR)(stft.magnitude(target[:, 0])[:, None], target)
    assert float(total) == pytest.approx(0, abs=1e-6)


def test_mel_that_bins_cover():
    """All of the scale is covered, and Slaney's is linear up to 1 kHz."""
    density = mel_density(512, RATE)
    assert density.shape == (257,) and float(density.mean()) == pytest.approx(1)
    assert density[:32].numpy() == pytest.approx(float(density[0]), rel=1e-3) and density[-1] < 0.2 * density[0]


def test_a_head_that_is_too_low_learns_to_rise(stft):
    """Below zero, and below the floor, where a hard limit would have no gradient."""
    head = torch.full((1, 1, 129, 10), -2.5, requires_grad=True)
    total, _ = MagnitudeLoss(WEIGHTS, RATE, stft, FLOOR)(from_head(head, FLOOR), 0.01 * torch.randn(1, 1, 640))
    total.backward()
    assert (head.grad < 0).all()


def test_features_and_back():
    magnitude = torch.logspace(-4, 3, 50)
    head = STD * features(magnitude, FLOOR)
    torch.testing.assert_close(from_head(head, FLOOR), magnitude, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("field", [{"stft": [{"n_fft": 64, "hop": 16}]}, {"spectral": {}}])
def test_a_loss_that_hears_a_waveform_is_refused_beside_it(field):
    with pytest.raises(ValidationError, match="magnitude compares no waveform"):
        ReconstructionConfig.model_validate({"stft": [], "mel": [], "magnitude": {}} | field)
