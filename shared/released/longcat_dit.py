"""LongCat-AudioDiT's transformer, as its authors and `diffusers` (`LongCatAudioDiTTransformer`) have it.

The authors' sampler adds the embedded input after block 8, too (`repa_dit_layer` of their `config.json`), which
`diffusers` does not; so where the config says nothing of it, it is added, as the weights were published for that.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from shared.config import parse
from shared.generators.builder import SavedGenerator
from shared.generators.dit_config import DiTConfig
from shared.generators.infilling_config import InfillingConfig
from shared.released.base import Place, Released, Weights, count, expect, join, neighbours

HEAD_DIM = 64
SKIP_AFTER = 8
LATENT_SCALE = 0.71  # of the VAE's config


class LongCatDiT(Released):
    """The transformer; the text encoder stays UMT5 from the hub."""

    name = "longcat_dit"
    title = "LongCat-AudioDiT's transformer (diffusers: LongCatAudioDiTTransformer)"
    prefixes = ("transformer.",)
    left_out = r"rotary_embed\..*"
    notes = (
        "The embedded input is added after block 8, too, as in the authors' sampler; diffusers' does not. For its "
        "results set config.architecture.skip_after to null in model.json."
    )

    def describe(self, weights: Weights, config: Mapping[str, Any]) -> SavedGenerator:
        """See `Released`."""
        expect(
            config, adaln_type="global", adaln_use_text_cond=True, long_skip=True, text_conv=True, qk_norm=True,
            cross_attn=True, cross_attn_norm=False, use_latent_condition=True, bias=True,
        )  # fmt: skip
        width, latent_dim = weights["input_embed.proj.0.weight"].shape
        depth = count(weights, r"blocks\.(\d+)\.")
        text_dim = weights["text_embed.proj.0.weight"].shape[1]
        architecture = {
            "kind": "dit",
            "width": width,
            "depth": depth,
            "heads": config.get("dit_heads", max(1, width // HEAD_DIM)),
            "feed_forward": len(weights["blocks.0.ffn.ff.0.weight"]) // width,
            "text_layers": count(weights, r"text_conv_layer\.(\d+)\."),
            "skip_after": min(depth, config.get("repa_dit_layer") or SKIP_AFTER),
        }
        text = {"kind": "umt5", "model": "google/umt5-base", "dim": text_dim}
        return SavedGenerator(
            config=parse(InfillingConfig, {"architecture": architecture, "text": text}, "its sizes"),
            latent_dim=latent_dim,
            latent_scale=config.get("vae_config", {}).get("scale", LATENT_SCALE),
        )

    def places(self, description: SavedGenerator) -> list[Place]:
        """See `Released`."""
        config = description.config
        assert isinstance(config, InfillingConfig) and isinstance(config.architecture, DiTConfig)
        turned, key_value = partial(neighbours, heads=config.architecture.heads), _key_value(config.architecture.heads)
        block = r"transformer\.blocks\.(\d+)\."
        attention = block + r"(self|cross)_attention\."
        keys_values = (r"blocks.\1.\2_attn.to_k.\3", r"blocks.\1.\2_attn.to_v.\3")
        return [
            Place(block + "offset", (r"blocks.\1.adaln_scale_shift",)),
            Place(attention + r"query\.(\w+)", (r"blocks.\1.\2_attn.to_q.\3",), turned),
            Place(attention + r"key_value\.(\w+)", keys_values, key_value),
            Place(attention + r"query_norm\.weight", (r"blocks.\1.\2_attn.q_norm.weight",), turned),
            Place(attention + r"key_norm\.weight", (r"blocks.\1.\2_attn.k_norm.weight",), turned),
            Place(attention + r"out\.(\w+)", (r"blocks.\1.\2_attn.to_out.0.\3",)),
            Place(block + r"feed_forward\.0\.(\w+)", (r"blocks.\1.ffn.ff.0.\2",)),
            Place(block + r"feed_forward\.2\.(\w+)", (r"blocks.\1.ffn.ff.3.\2",)),
            Place(r"transformer\.text_blocks\.(\d+)\.depthwise\.(\w+)", (r"text_conv_layer.\1.dwconv.\2",)),
            Place(r"transformer\.text_blocks\.(\d+)\.norm\.(\w+)", (r"text_conv_layer.\1.norm.\2",)),
            Place(r"transformer\.text_blocks\.(\d+)\.expand\.(\w+)", (r"text_conv_layer.\1.pwconv1.\2",)),
            Place(r"transformer\.text_blocks\.(\d+)\.reduce\.(\w+)", (r"text_conv_layer.\1.pwconv2.\2",)),
            Place(r"transformer\.text_blocks\.(\d+)\.(gamma|beta)", (r"text_conv_layer.\1.grn.\2",)),
            Place(r"transformer\.time_embed\.(.+)", (r"time_embed.time_mlp.\1",)),
            Place(r"transformer\.latent_embed\.(.+)", (r"input_embed.proj.\1",)),
            Place(r"transformer\.context_embed\.(.+)", (r"latent_embed.proj.\1",)),
            Place(r"transformer\.merge\.(.+)", (r"latent_cond_embedder.proj.\1",)),
            Place(r"transformer\.text_embed\.(.+)", (r"text_embed.proj.\1",)),
            Place(r"transformer\.modulation\.(\w+)", (r"adaln_global_mlp.mlp.1.\1",)),
            Place(r"transformer\.final_modulation\.(\w+)", (r"norm_out.linear.\1",)),
            Place(r"transformer\.project\.(\w+)", (r"proj_out.\1",)),
        ]


def _key_value(heads: int):
    return lambda key, value: join(neighbours(key, heads), value)
