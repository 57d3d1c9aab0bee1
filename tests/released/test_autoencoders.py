"""Imported autoencoders compute what the installed classes do that they were taken from."""

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_same import AutoencoderSAME
from torch import nn
from transformers import DacConfig, DacModel, VibeVoiceAcousticTokenizerConfig, VibeVoiceAcousticTokenizerModel

from shared.autoencoders.builder import load_autoencoder
from tests.released.compare import difference, randomise


@pytest.mark.parametrize("normed", [False, True])
@torch.no_grad()
def test_dac(imported, normed):
    sizes = {"encoder_hidden_size": 4, "downsampling_ratios": [2, 4], "upsampling_ratios": [4, 2]}
    config = DacConfig(**sizes, decoder_hidden_size=16, hidden_size=6, n_codebooks=2, sampling_rate=16000)
    public = randomise(DacModel(config), std=0.15)
    for name, parameter in public.named_parameters():
        if name.endswith("alpha"):
            parameter.abs_().add_(0.5)
    if normed:
        public.apply_weight_norm()
    ours = load_autoencoder(imported(public.state_dict(), config.to_dict(), "dac"))
    audio, latent = torch.randn(2, 1, 80), torch.randn(2, 6, 10)
    assert difference(ours.encode(audio).mean, public.encoder(audio)) < 1e-4
    assert difference(ours.decode(latent), public.decoder(latent)) < 1e-4


@torch.no_grad()
def test_vibevoices_tokenizer(imported):
    sizes = {"num_filters": 4, "downsampling_ratios": [2, 5, 3], "depths": [1, 2, 2, 1], "hidden_size": 3}
    config = VibeVoiceAcousticTokenizerConfig(**sizes)
    public = randomise(VibeVoiceAcousticTokenizerModel(config))
    ours = load_autoencoder(imported(public.state_dict(), config.to_dict(), "vibevoice_tokenizer"))
    audio, latent = torch.randn(2, 1, 150), torch.randn(2, 3, 5)
    assert difference(ours.encode(audio).mean, public.encoder(audio).latents.transpose(1, 2)) < 1e-4
    assert difference(ours.decode(latent), public.decoder(latent).audio) < 1e-4


def same(depth: int, sines: int) -> nn.Module:
    sizes = {"patch_size": 4, "encoder_channels": 8, "encoder_c_mults": [2], "encoder_strides": [4], "latent_dim": 5}
    rest = {"encoder_transformer_depths": [depth], "dim_heads": 8, "decoder_sinusoidal_blocks": [sines]}
    public = randomise(AutoencoderSAME(**sizes, **rest))
    public.bottleneck.running_std.fill_(1.7)
    return public


@torch.no_grad()
def test_same(imported):
    public = same(depth=3, sines=3)  # which makes two layers
    ours = load_autoencoder(imported(public.state_dict(), dict(public.config), "same_l"))
    assert ours.decoder.config.sine_layers == 2
    audio, latent = torch.randn(2, 2, 6 * 16), torch.randn(2, 5, 6)
    assert difference(ours.encode(audio).mean, public.encode(audio).latents) < 1e-4
    assert difference(ours.decode(latent, noise=False), public.decode(latent).sample) < 1e-4
