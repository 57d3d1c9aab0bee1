"""RAVE's filter bank and noise filter as released: numbers made with its own code (rave_golden.json says how)."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from shared.audio.pqmf import Pqmf
from shared.autoencoders.filtered_noise import FilteredNoise
from shared.autoencoders.rave_config import FilteredNoiseConfig

GOLDEN = json.loads(Path(__file__).with_name("rave_golden.json").read_text())


def numbers(count: int, offset: float = 0.0) -> torch.Tensor:
    """In ±1; they look random and any machine makes the same."""
    return (1e4 * torch.sin(12.9898 * torch.arange(count, dtype=torch.float64) + offset)).frac().float()


def test_the_released_filter_bank():
    bank, audio = Pqmf(16, released=True), (numbers(2048) / 2).reshape(1, 1, -1)
    assert bank.weight.shape[-1] - 2 == GOLDEN["taps"] == 377
    bands = bank(audio)
    np.testing.assert_allclose(bands[0, :, 60:72], GOLDEN["bands"], atol=1e-5)
    np.testing.assert_allclose(bank.inverse(bands)[0, 0, 1000:1064], GOLDEN["audio"], atol=1e-5)
    # Ours is as good, but another: weights for one mean nothing to the other.
    assert np.abs(Pqmf(16)(audio)[0, :, 60:72].numpy() - GOLDEN["bands"]).max() > 0.1


@pytest.mark.parametrize("circular", [False, True])
def test_the_released_noise_filter(circular, monkeypatch):
    layer = FilteredNoise(FilteredNoiseConfig(strides=(4, 4), circular=circular), channels=1, bands=2)
    amplitudes = numbers(3 * 2 * 5, 1).reshape(3, 10)
    monkeypatch.setattr(layer.layers, "forward", lambda x: amplitudes.T.unsqueeze(0) + 5)
    monkeypatch.setattr(layer, "_draw", lambda response: numbers(3 * 2 * 16, 2).reshape(3, 2, 16).transpose(0, 1)[None])
    made = layer(torch.zeros(1, 1, 48)).reshape(2, 3, 16).transpose(0, 1)
    apart = np.abs(made.numpy() - GOLDEN["noise"]).max() / np.abs(GOLDEN["noise"]).max()
    assert apart > 0.1 if circular else apart < 1e-5
