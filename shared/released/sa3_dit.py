"""Stable Audio 3's transformer, as `diffusers` (`StableAudio3DiTModel`) has it, with its duration embedder.

Flow time 1 is noise there and data here, and so the velocity has the other sign. Time enters by cosines and sines of
it, from which those of 1 − t follow by the addition theorems:

    cos(ω (1 − t)) = cos ω cos ωt + sin ω sin ωt,  sin(ω (1 − t)) = sin ω cos ωt − cos ω sin ωt

so that the first layer's columns turn, and the last layer's sign changes.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from shared.config import parse
from shared.generators.builder import SavedGenerator
from shared.generators.infilling_config import InfillingConfig
from shared.generators.stable_audio import FEATURES, FREQUENCIES
from shared.generators.stable_audio_config import StableAudioDiTConfig
from shared.released.base import Place, Released, Weights, count, neighbours, shape
from shared.released.same_l import attention

LONGEST = 384.0  # seconds
FRAME_RATE = 44100 / 4096  # Hz, of SAME's latents


class Sa3DiT(Released):
    """The transformer; the text encoder stays T5Gemma from the hub."""

    name = "sa3_dit"
    title = "Stable Audio 3's transformer (a pipeline's folder of diffusers: transformer/, duration_embedder/)"
    parts: ClassVar = {"transformer": "", "duration_embedder": "duration_embedder."}
    left_out = r"prompt_padding_embedding|rotary_pos_emb\.inv_freq|duration_embedder\.freqs"
    notes = (
        "The learned embedding that fills texts up to 256 tokens is left out: padding is masked here, so that what a "
        "text makes differs from the released sampler's."
    )

    def describe(self, weights: Weights, config: Mapping[str, Any]) -> SavedGenerator:
        """See `Released`."""
        width, latent_dim = shape(weights, "proj_in.weight")
        first = "transformer_blocks.0."
        head_dim = shape(weights, first + "self_attn.q_norm.gamma")[0]
        architecture = {
            "kind": "stable_audio",
            "width": width,
            "depth": count(weights, r"transformer_blocks\.(\d+)\."),
            "heads": width // head_dim,
            "feed_forward": shape(weights, first + "ff.proj_out.weight")[1] // width,
            "differential": shape(weights, first + "self_attn.to_qkv.weight")[0] == 5 * width,
            "memory_tokens": len(weights.get("memory_tokens", ())),
            "longest": int(config.get("max_val", LONGEST) * FRAME_RATE),
        }
        text = {"kind": "t5gemma", "dim": shape(weights, "to_cond_embed.0.weight")[1]}
        said = {"architecture": architecture, "text": text}
        return SavedGenerator(config=parse(InfillingConfig, said, "its sizes"), latent_dim=latent_dim, latent_scale=1.0)

    def places(self, description: SavedGenerator) -> list[Place]:
        """See `Released`."""
        config = description.config
        assert isinstance(config, InfillingConfig) and isinstance(config.architecture, StableAudioDiTConfig)
        heads = config.architecture.heads
        rotated = config.architecture.width // heads // 2
        turned = partial(neighbours, heads=1, rotated=rotated)
        block, theirs = r"transformer\.blocks\.(\d+)\.", r"transformer_blocks.\1."
        own, cross = block + r"self_attention\.", block + r"cross_attention\."
        return [
            Place(r"transformer\.time_embed\.0\.weight", ("to_timestep_embed.0.weight",), backwards),
            Place(r"transformer\.time_embed\.(.+)", (r"to_timestep_embed.\1",)),
            Place(r"transformer\.duration\.(\w+)", (r"duration_embedder.linear.\1",)),
            Place(r"transformer\.duration_embed\.(.+)", (r"to_global_embed.\1",)),
            Place(r"transformer\.text_embed\.(.+)", (r"to_cond_embed.\1",)),
            Place(r"transformer\.modulation\.(.+)", (r"global_cond_embedder.\1",)),
            Place(r"transformer\.mix_latents\.weight", ("preprocess_conv.weight",)),
            Place(r"transformer\.mix_velocity\.weight", ("postprocess_conv.weight",)),
            Place(r"transformer\.embed\.weight", ("proj_in.weight",)),
            Place(r"transformer\.project\.weight", ("proj_out.weight",), torch.neg),
            Place(r"transformer\.memory", ("memory_tokens",)),
            Place(block + "offset", (theirs + "to_scale_shift_gate",)),
            Place(block + r"self_norm\.weight", (theirs + "pre_norm.gamma",)),
            Place(block + r"cross_norm\.weight", (theirs + "cross_attend_norm.gamma",)),
            Place(block + r"feed_forward_norm\.weight", (theirs + "ff_norm.gamma",)),
            Place(own + r"project\.weight", (theirs + "self_attn.to_qkv.weight",), partial(attention, heads, rotated)),
            Place(own + r"query_norm\.weight", (theirs + "self_attn.q_norm.gamma",), turned),
            Place(own + r"key_norm\.weight", (theirs + "self_attn.k_norm.gamma",), turned),
            Place(own + r"out\.weight", (theirs + "self_attn.to_out.weight",)),
            Place(cross + r"query\.weight", (theirs + "cross_attn.to_q.weight",)),
            Place(cross + r"key_value\.weight", (theirs + "cross_attn.to_kv.weight",), values_first),
            Place(cross + r"query_norm\.weight", (theirs + "cross_attn.q_norm.gamma",)),
            Place(cross + r"key_norm\.weight", (theirs + "cross_attn.k_norm.gamma",)),
            Place(cross + r"out\.weight", (theirs + "cross_attn.to_out.weight",)),
            Place(block + r"context_embed\.(.+)", (theirs + r"to_local_embed.\2",)),
            Place(block + r"feed_forward\.expand\.(\w+)", (theirs + r"ff.proj_in.\2",)),
            Place(block + r"feed_forward\.out\.(\w+)", (theirs + r"ff.proj_out.\2",)),
        ]


def backwards(weight: Tensor) -> Tensor:
    """Columns for cosines and sines of 1 − t, `(width, features)`, as columns for those of t."""
    low, high = (math.log(frequency) for frequency in FREQUENCIES)
    omega = 2 * torch.pi * torch.linspace(low, high, FEATURES // 2).exp().double()
    of_cosine, of_sine = weight.double().chunk(2, dim=1)
    cosine, sine = omega.cos(), omega.sin()
    return torch.cat([of_cosine * cosine + of_sine * sine, of_cosine * sine - of_sine * cosine], dim=1).float()


def values_first(weight: Tensor) -> Tensor:
    """Rows for one or two keys and values, of `width` each, with the values first."""
    *keys, value = weight.split(weight.shape[1])
    return torch.cat([value, *keys])
