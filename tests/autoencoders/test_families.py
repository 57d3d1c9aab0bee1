"""What every family of autoencoders must do."""

import pytest
import torch

from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig

FAMILIES = {
    "spectral": {
        "family": "spectral", "n_fft": 64, "stft_hop": 16, "downsample": 4, "width": 12, "depth": 1,
        "latent_width": 16, "latent_depth": 1,
    },
    "oobleck": {"family": "oobleck", "channels": 4, "multipliers": [1, 2, 4], "strides": [4, 4, 4]},
    "dac": {
        "family": "dac", "channels": 4, "strides": [4, 4, 5], "decoder": {"kind": "dac", "channels": 32},
        "mel_input": {"sample_rate": 16000, "n_mels": 10, "n_fft": 200},
    },
    "dac with attention and bigvgan": {
        "family": "dac", "channels": 4, "strides": [4, 5, 3], "projection": "attention", "heads": 2,
        "decoder": {"kind": "bigvgan", "channels": 32, "strides": [5, 3, 4], "kernels": [9, 5, 8],
                    "resblock_kernels": [3, 5], "resblock_dilations": [1, 3]},
    },
    "causal": {
        "family": "causal", "channels": 4, "strides": [4, 4, 4], "depths": [1, 0, 1, 1], "layer_scale": 0.5,
        "initial_std": None,
    },
    "causal with spectra": {
        "family": "causal", "channels": 8, "strides": [4], "depths": [1, 1], "layer_scale": 0.5, "initial_std": None,
        "latent_kernel": 1, "latent_norm": True, "spectrum": {"n_fft": 64, "hop": 16},
    },
    "rave, grouped": {"family": "rave", "bands": 4, "channels": 4, "strides": [4, 4], "noise": {"strides": [4, 4]}},
    "rave, joint": {
        "family": "rave", "bands": 2, "channels": 4, "strides": [3, 4], "projection": "joint", "envelope": "sigmoid",
        "noise": {"points": 3, "strides": [4]},
    },
}
SIGMA = {"kind": "sigma", "dim": 2, "std": 0.625, "draw": "normal"}
BOTTLENECKS = {"gaussian": {"dim": 2}, "sigma": SIGMA}
LEGAL = [
    (family, bottleneck)
    for family in FAMILIES
    for bottleneck in BOTTLENECKS
    if not (("attention" in family or "grouped" in family) and bottleneck == "sigma")
]


@pytest.fixture(params=LEGAL, ids=" + ".join)
def autoencoder(request):
    torch.manual_seed(0)
    family, bottleneck = request.param
    return build_autoencoder(AutoencoderConfig(architecture=FAMILIES[family], bottleneck=BOTTLENECKS[bottleneck]))


def test_any_length_comes_back_whole(autoencoder):
    hop = autoencoder.hop
    for length in (640, 641, 703, 10 * hop, 1 + hop):
        audio = torch.randn(2, length)
        output, _, posterior = autoencoder(audio)
        assert output.shape == audio.shape
        assert posterior.mean.shape == (2, 2, -(-length // hop))


def test_reconstruction_gradient_passes_the_bottleneck_to_every_encoder_parameter(autoencoder):
    output, *_ = autoencoder(torch.randn(2, 640))
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


@pytest.mark.parametrize("dim", [-1, 0])
def test_an_impossible_dim_is_refused(dim):
    with pytest.raises(ValueError, match="greater than 0"):
        AutoencoderConfig(architecture=FAMILIES["spectral"], bottleneck={"dim": dim})


def test_a_bottleneck_without_a_kind_is_gaussian():
    config = AutoencoderConfig.model_validate({"architecture": FAMILIES["spectral"], "bottleneck": {"dim": 2}})
    named = {"architecture": FAMILIES["spectral"], "bottleneck": {"kind": "gaussian", "dim": 2}}
    assert config == AutoencoderConfig.model_validate(named)


@pytest.mark.parametrize("family", ["dac with attention and bigvgan", "rave, grouped"])
def test_a_projection_which_makes_a_scale_is_refused_with_a_sigma_bottleneck(family):
    with pytest.raises(ValueError, match="goes with a gaussian bottleneck"):
        AutoencoderConfig(architecture=FAMILIES[family], bottleneck=SIGMA)
