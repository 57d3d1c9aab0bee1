"""The spectral family: what its config refuses."""

import pytest

from shared.autoencoders.spectral_config import SpectralConfig

SIZES = {"stft_hop": 16, "downsample": 4, "width": 12, "depth": 1, "latent_width": 16, "latent_depth": 1}


@pytest.mark.parametrize("n_fft", [24, 33])
def test_a_window_that_is_odd_or_shorter_than_two_hops_is_refused(n_fft):
    with pytest.raises(ValueError, match="at least 2"):
        SpectralConfig(family="spectral", n_fft=n_fft, **SIZES)
