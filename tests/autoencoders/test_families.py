"""What every family of autoencoders must do."""

import pytest
import torch

from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.autoencoders.magnitudes import MagnitudeDecoder
from shared.autoencoders.rave import RaveEncoder
from tests.learning import falls

FAMILIES = {
    "spectral": {
        "family": "spectral", "n_fft": 64, "stft_hop": 16, "downsample": 4, "width": 12, "depth": 1,
        "latent_width": 16, "latent_depth": 1,
    },
    "spectral magnitudes": {
        "family": "spectral", "n_fft": 64, "stft_hop": 16, "downsample": 4, "width": 12, "depth": 1,
        "latent_width": 16, "latent_depth": 1, "magnitudes": {"iterations": 2},
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
    "causal magnitudes": {
        "family": "causal", "channels": 8, "strides": [4], "depths": [1, 1], "layer_scale": 0.5, "initial_std": None,
        "latent_kernel": 1, "latent_norm": True,
        "spectrum": {"n_fft": 64, "hop": 16, "magnitudes": {"iterations": 2}},
    },
    "rave, grouped": {"family": "rave", "bands": 4, "channels": 4, "strides": [4, 4], "noise": {"strides": [4, 4]}},
    "rave, joint": {
        "family": "rave", "bands": 2, "channels": 4, "strides": [3, 4], "projection": "joint", "envelope": "sigmoid",
        "noise": {"points": 3, "strides": [4]},
    },
    "resampling": {
        "family": "resampling", "audio_channels": 1, "patch": 16, "stride": 4, "width": 16, "depth": 2, "head_dim": 8,
        "sine_layers": 1, "branch_std": 0.3, "token_noise": [0.0, 0.0],
    },
    "resampling in chunks": {
        "family": "resampling", "audio_channels": 1, "patch": 16, "stride": 4, "width": 16, "depth": 2, "head_dim": 8,
        "window": None, "chunk": 2, "sine_layers": 0, "output_kernel": 3, "branch_std": 0.3,
    },
}
SIGMA = {"kind": "sigma", "dim": 2, "std": 0.625, "draw": "normal"}
SOFT_NORM = {"kind": "soft_norm", "dim": 2}
BOTTLENECKS = {"gaussian": {"dim": 2}, "sigma": SIGMA, "soft_norm": SOFT_NORM}
LEGAL = [
    (family, bottleneck)
    for family in FAMILIES
    for bottleneck in BOTTLENECKS
    if not (("attention" in family or "grouped" in family) and bottleneck != "gaussian")
]


@pytest.fixture(params=LEGAL, ids=" + ".join)
def autoencoder(request):
    torch.manual_seed(0)
    family, bottleneck = request.param
    return build_autoencoder(AutoencoderConfig(architecture=FAMILIES[family], bottleneck=BOTTLENECKS[bottleneck]))


def test_any_length_comes_back_whole(autoencoder):
    hop = autoencoder.hop
    for length in (640, 641, 703, 10 * hop, 1 + hop):
        audio = torch.randn(2, 1, length)
        output, _, posterior = autoencoder(audio)
        assert output.shape == audio.shape
        assert posterior.mean.shape == (2, 2, -(-length // hop))


def test_reconstruction_gradient_passes_the_bottleneck_to_every_encoder_parameter(autoencoder):
    output, *_ = autoencoder(torch.randn(2, 1, 640))
    output.square().sum().backward()
    # In RAVE a BatchNorm takes off what the bias before it adds: nothing but rounding reaches that.
    cancelled = {"encoder.1.bias", "encoder.2.2.bias"} if isinstance(autoencoder.encoder, RaveEncoder) else set()
    for name, parameter in autoencoder.named_parameters():
        assert parameter.grad is not None and (parameter.grad.abs().sum() > 0 or name in cancelled), name


def with_known_phases(autoencoder, audio):
    """The reconstruction; of a decoder that makes magnitudes, with the phases of `audio`."""
    output, *_ = autoencoder(audio, phases=False)
    decoder = autoencoder.decoder
    return decoder.with_phases_of(output, audio) if isinstance(decoder, MagnitudeDecoder) else output


def test_a_few_steps_lower_the_error_on_one_clip(autoencoder, request):
    audio = 0.3 * torch.sin(torch.arange(1280) * 0.2)[None, None]
    rate = 3e-3 if "[dac" in request.node.name else 1e-2  # with which some of that family settle too early
    assert falls(autoencoder, lambda: (with_known_phases(autoencoder, audio) - audio).square().mean(), 0.7, rate=rate)


@pytest.mark.parametrize("dim", [-1, 0])
def test_an_impossible_dim_is_refused(dim):
    with pytest.raises(ValueError, match="greater than 0"):
        AutoencoderConfig(architecture=FAMILIES["spectral"], bottleneck={"dim": dim})


def test_a_bottleneck_without_a_kind_is_gaussian():
    config = AutoencoderConfig.model_validate({"architecture": FAMILIES["spectral"], "bottleneck": {"dim": 2}})
    named = {"architecture": FAMILIES["spectral"], "bottleneck": {"kind": "gaussian", "dim": 2}}
    assert config == AutoencoderConfig.model_validate(named)


@pytest.mark.parametrize("bottleneck", [SIGMA, SOFT_NORM], ids=["sigma", "soft_norm"])
@pytest.mark.parametrize("family", ["dac with attention and bigvgan", "rave, grouped"])
def test_a_projection_which_makes_a_scale_is_refused_with_a_bottleneck_that_has_none(family, bottleneck):
    with pytest.raises(ValueError, match="goes with a gaussian bottleneck"):
        AutoencoderConfig(architecture=FAMILIES[family], bottleneck=bottleneck)


MONO_ONLY = [{"mel_input": {"sample_rate": 16000, "n_mels": 10, "n_fft": 200}, "decoder": {"kind": "dac"}},
             {"decoder": {"kind": "bigvgan", "strides": [4, 4, 5], "kernels": [8, 8, 9]}}]
STEREO = {
    "spectral": {**FAMILIES["spectral"], "audio_channels": 2},
    "spectral magnitudes": {**FAMILIES["spectral magnitudes"], "audio_channels": 2},
    "oobleck": {**FAMILIES["oobleck"], "audio_channels": 2},
    "dac": {**FAMILIES["dac"], "audio_channels": 2, "mel_input": None},
    "resampling": {**FAMILIES["resampling"], "audio_channels": 2},
}


@pytest.mark.parametrize("bottleneck", BOTTLENECKS)
@pytest.mark.parametrize("family", STEREO)
def test_stereo_comes_back_whole_and_both_channels_are_read(family, bottleneck):
    torch.manual_seed(0)
    config = AutoencoderConfig(architecture=STEREO[family], bottleneck=BOTTLENECKS[bottleneck])
    autoencoder = build_autoencoder(config).eval()
    audio = torch.randn(3, 2, 5 * autoencoder.hop + 7, requires_grad=True)
    output, latents, _ = autoencoder(audio, sample=False)
    assert output.shape == audio.shape and latents.shape == (3, 2, 6)
    output[1].square().sum().backward()
    reached = audio.grad.abs().sum(dim=2) > 0
    assert reached.tolist() == [[False, False], [True, True], [False, False]]


@pytest.mark.parametrize("mono", MONO_ONLY, ids=["mel input", "bigvgan"])
def test_stereo_is_refused_where_a_part_is_mono(mono):
    architecture = {"family": "dac", "channels": 4, "strides": [4, 4, 5], "audio_channels": 2, **mono}
    with pytest.raises(ValueError, match="audio_channels 2: mel_input and the bigvgan decoder are mono"):
        AutoencoderConfig(architecture=architecture, bottleneck={"dim": 2})


@pytest.mark.parametrize("family", STEREO)
def test_mono_is_stereo_whose_layers_beside_the_waveform_have_one_channel(family):
    """Nothing but the sizes beside the waveform depends on the number of channels."""
    sizes = [{**STEREO[family], "audio_channels": channels} for channels in (1, 2)]
    builds = [build_autoencoder(AutoencoderConfig(architecture=each, bottleneck={"dim": 2})) for each in sizes]
    shapes = [{name: value.shape for name, value in each.state_dict().items()} for each in builds]
    assert shapes[0].keys() == shapes[1].keys()
    different = [name for name, shape in shapes[0].items() if shape != shapes[1][name]]
    assert 2 <= len(different) <= 5 and all(name.split(".")[0] in ("encoder", "decoder") for name in different)
