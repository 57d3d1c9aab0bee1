"""DAC: the published parameter counts, agreement with transformers' DAC, the mel input, what the config refuses."""

import pytest
import torch
from torch import nn
from transformers import DacConfig as PublicConfig
from transformers import DacModel

from shared.autoencoders.builder import meta_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.autoencoders.dac import DacDecoder, DacEncoder, MelInput
from shared.autoencoders.dac_config import DacConfig, MelInputConfig
from shared.config import ConfigError, parse

DAC = {"family": "dac", "decoder": {"kind": "dac"}}
TINY = {"family": "dac", "channels": 4, "strides": (2, 4), "decoder": {"kind": "dac", "channels": 16}}


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_parameter_counts_of_dac():
    """DAC at 44.1 kHz and 8 kbps (the defaults of its public config), whose latent before the RVQ is 1024 wide."""
    config = DacConfig(**DAC)
    with torch.device("meta"):
        public = DacModel(PublicConfig())
        public.apply_weight_norm()
        encoder, decoder = DacEncoder(config, 1024), DacDecoder(config, 1024)
    assert count(encoder) == count(public.encoder) == 22_307_968
    assert count(decoder) == count(public.decoder) == 54_104_162
    assert config.hop == 512


def copy_convolutions(source: nn.Module, target: nn.Module) -> None:
    kinds = (nn.Conv1d, nn.ConvTranspose1d)
    pairs = ([each for each in module.modules() if isinstance(each, kinds)] for module in (source, target))
    for one, other in zip(*pairs, strict=True):
        other.weight = one.weight.detach()
        other.bias.data.copy_(one.bias.data)


@torch.no_grad()
def test_it_computes_what_the_public_dac_does():
    torch.manual_seed(0)
    sizes = {"encoder_hidden_size": 4, "downsampling_ratios": [2, 4], "upsampling_ratios": [4, 2]}
    public = DacModel(PublicConfig(**sizes, decoder_hidden_size=16, hidden_size=6)).eval()
    for module in public.modules():  # the public initialisation is too small to tell much
        if isinstance(module, nn.Conv1d):
            module.reset_parameters()
    config = DacConfig(**TINY)
    encoder, decoder = DacEncoder(config, 6), DacDecoder(config, 6)
    copy_convolutions(public.encoder, encoder)
    copy_convolutions(public.decoder, decoder)
    audio, latent = torch.randn(2, 1, 80), torch.randn(2, 6, 10)
    torch.testing.assert_close(encoder(audio), public.encoder(audio), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(decoder(latent), public.decoder(latent), atol=1e-5, rtol=1e-4)


def test_parameter_count_of_semantic_vae():
    """No official count is known: the sizes are those of the released code, the config of the published weights
    (`bigvgan_v2_16khz_40hz_base_vae64`) could not be read. The teacher's path and an unused projection before the
    decoder, which the released class also holds, are not counted."""
    autoencoder = meta_autoencoder(
        AutoencoderConfig(
            architecture={
                "family": "dac", "strides": [4, 4, 5, 5], "projection": "attention", "decoder": {"kind": "bigvgan"}
            },
            bottleneck={"dim": 64, "scale": "log_variance"},
        )
    )
    assert count(autoencoder.encoder) == 21_663_680
    assert count(autoencoder.decoder) == 50_638_305
    assert count(autoencoder) == 72_301_985
    assert autoencoder.hop == 400


def test_target_kls_latent_at_48_khz_is_built_with_its_mel_input():
    """40 Hz and 128 channels are published, the strides are not."""
    plain = {"family": "dac", "strides": [4, 5, 6, 10], "decoder": {"kind": "dac"}}
    extra = {"mel_input": {"sample_rate": 48000, "n_fft": 2048}}
    autoencoders = [
        meta_autoencoder(AutoencoderConfig(architecture=plain | change, bottleneck={"dim": 128}))
        for change in ({}, extra)
    ]
    assert count(autoencoders[1]) - count(autoencoders[0]) == 256 * (80 + 1)
    assert autoencoders[1].encode(torch.zeros(1, 48000, device="meta")).mean.shape == (1, 128, 40)


def test_the_conventional_stereo_vae_differs_from_a_mono_one_beside_the_waveform_alone():
    """1024 samples a frame of 64 channels, in the sizes of stable-audio-tools' public configuration."""
    sizes = {"family": "dac", "channels": 128, "strides": [4, 4, 8, 8], "decoder": {"kind": "dac", "channels": 1536}}
    mono, stereo = (
        meta_autoencoder(AutoencoderConfig(architecture=sizes | {"audio_channels": n}, bottleneck={"dim": 64}))
        for n in (1, 2)
    )
    assert stereo.hop == 1024 and stereo.latent_dim == 64
    assert count(stereo.encoder) - count(mono.encoder) == 7 * 128
    assert count(stereo.decoder) - count(mono.decoder) == 7 * 96 + 2
    assert stereo.encode(torch.zeros(1, 2, 44_100, device="meta")).mean.shape == (1, 64, 44)


def test_a_mel_frame_lies_at_its_latent_frame_and_adds_nothing_at_first():
    mel = MelInput(MelInputConfig(sample_rate=16000, n_mels=20, n_fft=1024), 400, 3)
    audio = torch.zeros(1, 1, 4000)
    audio[..., 2000:2400] = 0.1 * torch.randn(400, generator=torch.Generator().manual_seed(0))
    assert mel(audio).shape == (1, 3, 10) and not mel(audio).any()
    nn.init.ones_(mel.project.weight)
    assert mel(audio).argmax(dim=2).tolist() == [[5, 5, 5]]


def test_the_mel_input_is_added_to_the_encoders_output():
    torch.manual_seed(0)
    encoder = DacEncoder(DacConfig(**TINY, mel_input={"sample_rate": 16000, "n_mels": 2, "n_fft": 22}), 6)
    nn.init.normal_(encoder.mel.project.weight)
    audio = torch.randn(2, 1, 80)
    torch.testing.assert_close(encoder(audio) - encoder.layers(audio), encoder.mel(audio))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decoder": {"kind": "bigvgan", "channels": 4, "strides": [4, 4], "kernels": [8, 8]}},
         "decoder.strides multiply to 16, the encoder's strides to 8"),
        ({"decoder": {"kind": "bigvgan", "strides": [4, 2], "kernels": [8]}}, "1 kernels for 2 strides"),
        ({"decoder": {"kind": "bigvgan", "strides": [4, 2], "kernels": [8, 3]}}, "kernel 3 for stride 2"),
        ({"decoder": {"kind": "bigvgan", "resblock_kernels": [3, 4]}}, "must be odd"),
        ({"decoder": {"kind": "vocos"}}, "decoder: .*vocos"),
        ({"decoder": {"kind": "dac", "channels": 6}}, "decoder.channels 6 can't be halved 2 times"),
        ({"projection": "attention", "heads": 5}, "16 channels can't be split into 5 heads"),
        ({"mel_input": {"sample_rate": 16000, "n_fft": 512}}, "mel_input.n_fft 512: at a hop of 8"),
        ({"strides": (1, 8)}, "strides.0: "),
        ({"stride": 4}, "stride: unknown key"),
    ],
)
def test_a_wrong_config_is_one_clear_line(change, message):
    with pytest.raises(ConfigError, match=message):
        parse(DacConfig, {**TINY, **change}, "study.yaml")
