"""The spectral family, and what every family must do."""

import pytest
import torch

from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig

SPECTRAL = {
    "family": "spectral", "n_fft": 64, "stft_hop": 16, "downsample": 4, "width": 12, "depth": 1,
    "latent_width": 16, "latent_depth": 1,
}
OOBLECK = {"family": "oobleck", "channels": 4, "multipliers": [1, 2, 4], "strides": [4, 4, 4]}


@pytest.fixture(params=[SPECTRAL, OOBLECK], ids=["spectral", "oobleck"])
def autoencoder(request):
    torch.manual_seed(0)
    return build_autoencoder(AutoencoderConfig(architecture=request.param, bottleneck={"dim": 2}))


def test_any_length_comes_back_whole(autoencoder):
    for length in (640, 641, 703):
        audio = torch.randn(2, length)
        output, posterior = autoencoder(audio)
        assert output.shape == audio.shape
        assert posterior.mean.shape == (2, 2, -(-length // 64))


def test_reconstruction_gradient_passes_the_bottleneck_to_every_encoder_parameter(autoencoder):
    output, _ = autoencoder(torch.randn(2, 640))
    output.square().sum().backward()
    for name, parameter in autoencoder.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_a_few_steps_lower_the_error_on_one_clip(autoencoder):
    audio = 0.3 * torch.sin(torch.arange(1280) * 0.2).unsqueeze(0)
    optimizer = torch.optim.Adam(autoencoder.parameters(), 3e-3)
    errors = []
    for _ in range(60):
        error = (autoencoder(audio)[0] - audio).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert errors[-1] < 0.7 * errors[0]


def test_a_window_shorter_than_two_hops_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        AutoencoderConfig(architecture={**SPECTRAL, "n_fft": 24}, bottleneck={"dim": 2})


@pytest.mark.parametrize("dim", [-1, 0])
def test_an_impossible_dim_is_refused(dim):
    with pytest.raises(ValueError, match="greater than 0"):
        AutoencoderConfig(architecture=SPECTRAL, bottleneck={"dim": dim})
