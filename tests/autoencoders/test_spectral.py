"""The spectral family: what its config refuses."""

import pytest
import torch

from shared.autoencoders.log_polar import from_log_polar, log_polar
from shared.autoencoders.spectral_config import SpectralConfig

SIZES = {"stft_hop": 16, "downsample": 4, "width": 12, "depth": 1, "latent_width": 16, "latent_depth": 1}


@pytest.mark.parametrize("n_fft", [24, 33])
def test_a_window_that_is_odd_or_shorter_than_two_hops_is_refused(n_fft):
    with pytest.raises(ValueError, match="at least 2"):
        SpectralConfig(family="spectral", n_fft=n_fft, **SIZES)


def test_polar_forms_are_torchs():
    generator = torch.Generator().manual_seed(0)
    made = torch.randn(2, 10, 3, generator=generator)
    spectrum = from_log_polar(made)
    torch.testing.assert_close(spectrum, torch.polar(made[:, :5].exp(), made[:, 5:]))
    logs, real, imaginary = log_polar(spectrum).chunk(3, dim=-1)
    torch.testing.assert_close(logs, 0.3 * spectrum.abs().log())
    torch.testing.assert_close(torch.complex(real, imaginary), torch.sgn(spectrum))
