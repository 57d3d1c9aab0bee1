"""Autoencoders of the classes that adapters read, tiny, with random weights, saved as the libraries save them."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import diffusers
import torch
import transformers


class Given(NamedTuple):
    """How one is made, and the facts that its folder should be read to."""

    make: Callable[[], Any]
    sample_rate: int
    hop: int
    dim: int


def _dac() -> Any:
    return transformers.DacModel(
        transformers.DacConfig(
            encoder_hidden_size=4, decoder_hidden_size=32, downsampling_ratios=[2, 4, 5], n_codebooks=2,
            codebook_size=16, codebook_dim=4,
        )
    )  # fmt: skip


def _encodec() -> Any:
    return transformers.EncodecModel(
        transformers.EncodecConfig(
            num_filters=4, hidden_size=16, codebook_size=16, upsampling_ratios=[5, 4, 2], target_bandwidths=[1.5, 24.0]
        )
    )


SEANET = {"num_filters": 4, "hidden_size": 16, "upsampling_ratios": [5, 4, 2], "num_hidden_layers": 1,
          "intermediate_size": 16, "num_attention_heads": 2, "num_key_value_heads": 2,
          "upsample_groups": 16}  # fmt: skip


def _mimi() -> Any:
    quantiser = {"codebook_size": 16, "codebook_dim": 8, "num_quantizers": 3, "vector_quantization_hidden_dimension": 8}
    return transformers.MimiModel(transformers.MimiConfig(**SEANET, **quantiser))


def _pocket_tts() -> Any:
    config = transformers.PocketTTSAudioTokenizerConfig(**SEANET, latent_stride=2, latent_dim=4)
    return transformers.PocketTTSAudioTokenizerModel(config)


def _vibevoice() -> Any:
    config = transformers.VibeVoiceAcousticTokenizerConfig(
        hidden_size=4, num_filters=4, downsampling_ratios=[2, 4, 5], depths=[1, 1, 1, 1], ffn_expansion=2
    )
    return transformers.VibeVoiceAcousticTokenizerModel(config)


def _xcodec() -> Any:
    acoustic = {"model_type": "dac", "encoder_hidden_size": 4, "downsampling_ratios": [8, 5, 4, 2],
                "upsampling_ratios": [8, 5, 4, 2], "decoder_hidden_size": 32, "hidden_size": 16, "codebook_size": 16,
                "codebook_dim": 4, "n_codebooks": 2}  # fmt: skip
    semantic = {"model_type": "hubert", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                "intermediate_size": 16, "conv_dim": [8] * 7, "num_conv_pos_embeddings": 4,
                "num_conv_pos_embedding_groups": 2}  # fmt: skip
    return transformers.XcodecModel(
        transformers.XcodecConfig(
            target_bandwidths=[0.5, 1], codebook_size=16, acoustic_model_config=acoustic, semantic_model_config=semantic
        )
    )


def _oobleck() -> Any:
    return diffusers.AutoencoderOobleck(
        encoder_hidden_size=8, downsampling_ratios=[2, 4, 5], channel_multiples=[1, 2, 2], decoder_channels=8,
        decoder_input_channels=4,
    )  # fmt: skip


def _same() -> Any:
    return diffusers.AutoencoderSAME(
        patch_size=16, encoder_channels=16, encoder_c_mults=[2], encoder_strides=[4], encoder_transformer_depths=[1],
        latent_dim=6, dim_heads=16,
    )  # fmt: skip


def _longcat() -> Any:
    return diffusers.LongCatAudioDiTVae(
        channels=8, c_mults=[1, 2, 2], strides=[2, 4, 4], latent_dim=4, encoder_latent_dim=8, downsampling_ratio=32
    )


def _kvae() -> Any:
    return diffusers.AutoencoderKLKVAEAudio(
        encoder_dim=4, encoder_rates=[2, 4, 5], latent_dim=16, codebook_dim=4, decoder_dim=32, decoder_rates=[5, 4, 2],
        attn_num_heads=2,
    )  # fmt: skip


def _mmaudio() -> Any:
    return diffusers.MMAudioVAE(
        mel_bins=16, latent_channels=4, hidden_channels=32, channel_multipliers=(1, 1, 2), layers_per_block=1,
        n_fft=256, hop_length=32,
    )  # fmt: skip


def vocoder() -> Any:
    """MMAudio's, of the same hop."""
    return diffusers.MMAudioVocoder(
        num_mels=16, upsample_initial_channel=16, upsample_rates=(8, 4), upsample_kernel_sizes=(16, 8),
        resblock_kernel_sizes=(3,), resblock_dilation_sizes=((1, 3, 5),),
    )  # fmt: skip


GIVEN = {
    "dac": Given(_dac, 16000, 40, 32),
    "encodec": Given(_encodec, 24000, 40, 16),
    "mimi": Given(_mimi, 24000, 80, 16),
    "pocket_tts": Given(_pocket_tts, 24000, 80, 4),
    "vibevoice": Given(_vibevoice, 24000, 40, 4),
    "xcodec": Given(_xcodec, 16000, 320, 32),
    "oobleck": Given(_oobleck, 44100, 40, 4),
    "same": Given(_same, 44100, 64, 6),
    "longcat": Given(_longcat, 24000, 32, 4),
    "kvae": Given(_kvae, 48000, 40, 4),
    "mmaudio": Given(_mmaudio, 44100, 64, 4),
}


def save_given(kind: str, folder: Path) -> dict[str, Any]:
    """Save the tiny one of a kind in `folder`/kind; what a study says of it."""
    given, place = GIVEN[kind], folder / kind
    more = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        _random(given.make()).save_pretrained(place)
        if kind == "mmaudio":
            vocoder().save_pretrained(folder / "vocoder")
            more = {"vocoder": str(folder / "vocoder")}
    facts = {"sample_rate": given.sample_rate, "hop": given.hop, "dim": given.dim}
    return {"kind": kind, "model": str(place), **facts, **more}


def _random(model: Any) -> Any:
    """No weight is left at zero, where a layer would pass nothing on."""
    with torch.no_grad():
        for each in model.parameters():
            if not each.any():
                each.normal_(std=0.1)
    return model
