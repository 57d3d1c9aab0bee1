"""RAVE: the published size, the decoder's formula, gradients, frozen batch norms, noise, what the config refuses."""

import pytest
import torch
from torch import Tensor, nn

from shared.autoencoders.base import Autoencoder
from shared.autoencoders.builder import build_autoencoder, load_autoencoder, meta_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.autoencoders.rave_config import RaveConfig
from shared.config import ConfigError, parse
from shared.training.job import save_model

PAPER = {"architecture": {"family": "rave"}, "bottleneck": {"dim": 128}}
TINY = {"family": "rave", "bands": 4, "channels": 4, "strides": (4, 4), "noise": {"strides": (4, 4)}}


def make(**changes) -> Autoencoder:
    torch.manual_seed(0)
    return build_autoencoder(AutoencoderConfig(architecture=TINY | changes, bottleneck={"dim": 3}))


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def audio(examples: int = 2) -> Tensor:
    return 0.1 * torch.randn(examples, 1, 1024, generator=torch.Generator().manual_seed(1))


def test_parameter_count_of_the_paper():
    """17.6 M. Weights by hand: kernels times widths, then biases, batch norms, and the gains of weight norm."""
    autoencoder = meta_autoencoder(AutoencoderConfig(**PAPER))
    widths = [64, 128, 256, 512, 1024]
    encoder = 16 * 64 * 7 + 9 * (64 * 128 + 128 * 256 + 256 * 512) + 5 * 512 * 1024 + 5 * 512 * 256
    encoder += sum(widths) + 256 + 2 * sum(widths[:4])
    assert count(autoencoder.encoder) == encoder
    upwards = 8 * (1024 * 512 + 512 * 256 + 256 * 128) + 4 * 128 * 64
    residual = 6 * 3 * sum(width**2 for width in widths[:4])
    branches = 64 * (16 * 7 + 3) + 3 * 64 * (64 + 64 + 80)
    biases, gains = 1024 + 17 + 64 + 64 + 80, 1024 + sum(widths[1:]) + 6 * sum(widths[:4]) + 17
    assert count(autoencoder.decoder) == 128 * 1024 * 7 + upwards + residual + branches + biases + gains
    assert count(autoencoder) == 17_615_858
    assert autoencoder.hop == 2048


@pytest.mark.parametrize(
    ("change", "millions"), [({"projection": "joint"}, 18.3), ({"channels": 32}, 4.8), ({"noise": None}, 17.6)]
)
def test_parameter_counts_of_other_readings(change, millions):
    config = AutoencoderConfig(architecture=PAPER["architecture"] | change, bottleneck=PAPER["bottleneck"])
    assert round(count(meta_autoencoder(config)) / 1e6, 1) == millions


@torch.no_grad()
def test_a_latent_frame_is_2048_samples_of_the_papers_bands():
    autoencoder = build_autoencoder(
        AutoencoderConfig(architecture=PAPER["architecture"] | {"channels": 4}, bottleneck={"dim": 128})
    )
    assert autoencoder.encode(torch.zeros(1, 1, 3 * 2048)).mean.shape == (1, 128, 3)
    assert autoencoder.decode(torch.zeros(1, 128, 3)).shape == (1, 1, 3 * 2048)


@pytest.mark.parametrize("envelope", ["exponential", "sigmoid"])
@torch.no_grad()
def test_the_decoder_is_waveform_times_loudness_plus_noise_in_bands(envelope):
    decoder = make(envelope=envelope).eval().decoder
    latents = torch.randn(2, 3, 8)
    hidden = decoder.layers(latents)
    loudness = torch.sigmoid(decoder.loudness(hidden))
    if envelope == "exponential":
        loudness = 2 * loudness**2.3 + 1e-7
    bands = torch.tanh(decoder.waveform(hidden)) * loudness + decoder.noise(hidden)
    torch.testing.assert_close(decoder(latents), decoder.bank.inverse(bands))
    assert hidden.shape == (2, 4, 128) and loudness.shape == (2, 1, 128) and bands.shape == (2, 4, 128)


@pytest.mark.parametrize(("projection", "mixes"), [("grouped", False), ("joint", True)])
def test_whether_mean_and_scale_share_their_features(projection, mixes):
    last = make(projection=projection).encoder[-1]
    features = torch.randn(1, 16, 5, requires_grad=True)
    last(features)[:, :3].sum().backward()
    assert features.grad[:, :8].any() and bool(features.grad[:, 8:].any()) == mixes


def test_gradients_of_reconstruction_and_kl_reach_the_encoder():
    for value in (lambda output, _: output.square().sum(), lambda _, posterior: posterior.kl().sum()):
        autoencoder = make()
        output, _, posterior = autoencoder(audio())
        value(output, posterior).backward()
        # A BatchNorm takes off what the bias before it adds: nothing but rounding reaches that.
        reached = {name for name, each in autoencoder.encoder.named_parameters() if each.grad.any()}
        assert reached | {"1.bias", "2.2.bias"} == {name for name, _ in autoencoder.encoder.named_parameters()}


def statistics(encoder: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in encoder.named_buffers() if "running" in name}


def test_a_frozen_encoder_in_eval_mode_stays_as_it_is_while_the_decoder_learns():
    autoencoder = make().train()
    autoencoder(audio())
    autoencoder.encoder.eval().requires_grad_(False)
    before = statistics(autoencoder.encoder)
    output, latents, _ = autoencoder(audio())
    output.square().sum().backward()
    assert len(before) == 4 and not latents.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in statistics(autoencoder.encoder).items())
    assert all(parameter.grad is None for parameter in autoencoder.encoder.parameters())
    assert all(parameter.grad.any() for parameter in autoencoder.decoder.parameters())


def test_batch_norms_follow_the_batch_in_training_only():
    autoencoder = make().train()
    before = statistics(autoencoder.encoder)
    both = autoencoder.encode(audio()).mean[:1]
    assert not torch.allclose(autoencoder.encode(audio(1)).mean, both, atol=1e-3)
    assert not any(torch.equal(value, before[name]) for name, value in statistics(autoencoder.encoder).items())
    autoencoder.eval()
    torch.testing.assert_close(autoencoder.encode(audio(1)).mean, autoencoder.encode(audio()).mean[:1])


def test_without_its_noise_the_decoder_trains_the_rest():
    autoencoder = make()
    assert autoencoder.decoder.add_noise
    autoencoder.decoder.add_noise = False
    torch.manual_seed(0)
    first, *_ = autoencoder(audio(), sample=False)
    second, *_ = autoencoder(audio(), sample=False)
    assert torch.equal(first, second)
    first.square().sum().backward()
    for name, parameter in autoencoder.named_parameters():
        assert (parameter.grad is None) == ("noise" in name), name


def test_a_seeded_step_is_repeated_to_the_bit_and_decoding_needs_no_seed():
    autoencoder = make()
    outputs = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        outputs.append(autoencoder(audio())[0])
    assert torch.equal(outputs[0], outputs[1]) and not torch.equal(outputs[0], outputs[2])
    latents = torch.randn(1, 3, 8)
    autoencoder.eval()
    assert torch.equal(autoencoder.decode(latents), autoencoder.decode(latents))


def test_a_saved_one_comes_back_with_its_running_statistics(tmp_path):
    autoencoder = make().train()
    autoencoder(audio())
    config = AutoencoderConfig(architecture=TINY, bottleneck={"dim": 3}).model_dump(mode="json")
    about = {"config": config, "sample_rate": 8000, "hop": autoencoder.hop}
    save_model(tmp_path / "model.safetensors", autoencoder.state_dict(), about)
    loaded = load_autoencoder(tmp_path / "model.safetensors")
    for one, other in zip(loaded(audio(), sample=False), autoencoder.eval()(audio(), sample=False), strict=True):
        torch.testing.assert_close(one, other)


def test_bfloat16_autocast_leaves_the_filter_bank_and_the_noise_in_float32():
    autoencoder = make()
    with torch.autocast("cpu", torch.bfloat16):
        output, *_ = autoencoder(audio())
    output.square().sum().backward()
    assert output.dtype == torch.float32 and torch.isfinite(output).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in autoencoder.parameters())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"noise": {"strides": (4, 3)}}, "noise.strides multiply to 12, which does not divide the 16 samples"),
        ({"noise": {"points": 2}}, "noise.points: "),
        ({"bands": 1}, "bands: "),
        ({"strides": (1, 8)}, "strides.0: "),
        ({"strides": ()}, "strides: "),
        ({"projection": "attention"}, "projection: "),
        ({"stride": 4}, "stride: unknown key; did you mean 'strides'"),
    ],
)
def test_a_wrong_config_is_one_clear_line(change, message):
    with pytest.raises(ConfigError, match=message):
        parse(RaveConfig, {**TINY, **change}, "study.yaml")
