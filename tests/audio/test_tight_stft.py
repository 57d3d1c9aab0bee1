"""The tight STFT: energy is kept, the inverse undoes it, frames lie as in the plain one."""

import numpy as np
import pytest
import torch

from shared.audio.spectral import Stft
from shared.audio.tight_stft import TightStft
from shared.config import ConfigError


def burst(time: int = 4000) -> torch.Tensor:
    """Noise with silence around it, so that no frame at the ends hears any."""
    audio = torch.zeros(2, time)
    audio[:, 1000:3000] = torch.randn(2, 2000, generator=torch.Generator().manual_seed(0))
    return audio


@pytest.mark.parametrize("padding", ["center", "same"])
@pytest.mark.parametrize(("n_fft", "hop"), [(64, 32), (256, 64), (96, 32), (512, 64)])
def test_energy_is_kept(n_fft, hop, padding):
    audio = burst()
    spectrum = TightStft(n_fft, hop, padding)(audio)
    torch.testing.assert_close(spectrum.abs().square().sum((1, 2)), audio.square().sum(1), rtol=1e-4, atol=0)


@pytest.mark.parametrize(("n_fft", "hop"), [(64, 32), (256, 64)])
def test_a_frame_agrees_with_numpy(n_fft, hop):
    audio = burst().numpy().astype(np.float64)
    power = n_fft // hop - 1
    window = np.sin(np.pi * np.arange(n_fft) / n_fft) ** power
    window /= np.sqrt((window[::hop] ** 2).sum())
    frame = 2000 // hop
    cut = audio[:, frame * hop - n_fft // 2 : frame * hop + n_fft // 2]
    expected = np.fft.rfft(cut * window) / np.sqrt(n_fft)
    expected[:, 1:-1] *= np.sqrt(2)
    found = TightStft(n_fft, hop)(burst())[:, :, frame].numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_the_inverse_undoes_it():
    stft = TightStft(256, 64)
    torch.testing.assert_close(stft.inverse(stft(burst(4096)), 4096), burst(4096), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("padding", ["center", "same"])
def test_frames_are_those_of_the_plain_one(padding):
    assert TightStft(64, 16, padding)(burst()).shape == Stft(64, 16, padding=padding)(burst()).shape


@pytest.mark.parametrize(("n_fft", "hop"), [(64, 48), (64, 64), (63, 21), (64, 0)])
def test_a_hop_that_can_not_be_tight_is_refused(n_fft, hop):
    with pytest.raises(ConfigError, match="a hop that divides"):
        TightStft(n_fft, hop)
