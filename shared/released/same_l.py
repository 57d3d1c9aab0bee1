"""SAME's autoencoder, SAME-L of Stable Audio 3 Medium, as `diffusers` (`AutoencoderSAME`) has it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from shared.autoencoders.builder import SavedAutoencoder
from shared.autoencoders.resampling_config import ResamplingConfig
from shared.config import ConfigError
from shared.released.base import Place, Released, Weights, count, expect, neighbours, saved_autoencoder, shape

STRIDE = 16
SINE_SETTING = 8  # SAME-L's; its code counts so that this makes one layer less
BLOCKS = r"(encoder|decoder)\.resampler\.blocks\.(\d+)\."
THEIRS = r"\1.blocks.0.transformers.\2."


class SameL(Released):
    """The transformer resampling blocks with soft normalisation."""

    name = "same_l"
    title = "SAME-L, Stable Audio 3 Medium's autoencoder (diffusers: AutoencoderSAME)"

    def describe(self, weights: Weights, config: Mapping[str, Any]) -> SavedAutoencoder:
        """See `Released`."""
        expect(config, use_differential_attention=True, encoder_sinusoidal_blocks=[0])
        stages = count(weights, r"encoder\.blocks\.(\d+)\.")
        if stages != 1:
            raise ConfigError(f"it has {stages} stages; only one can be imported")
        width, patched = shape(weights, "encoder.blocks.0.mapping.weight_v")[:2]
        channels = config.get("audio_channels", 2)
        first = "encoder.blocks.0.transformers.0."
        architecture = {
            "family": "resampling",
            "audio_channels": channels,
            "patch": patched // channels,
            "stride": config.get("encoder_strides", [STRIDE])[0],
            "width": width,
            "depth": count(weights, r"encoder\.blocks\.0\.transformers\.(\d+)\."),
            "head_dim": shape(weights, first + "attn.q_norm.gamma")[0],
            "feed_forward": shape(weights, first + "ff.proj_out.weight")[1] // width,
            "window": config.get("sliding_window", 1),
            "sine_layers": max(0, config.get("decoder_sinusoidal_blocks", [SINE_SETTING])[0] - 1),
        }
        dim = shape(weights, "encoder.proj.weight")[0]
        return saved_autoencoder(architecture, {"kind": "soft_norm", "dim": dim}, config.get("sampling_rate", 44100))

    def places(self, description: SavedAutoencoder) -> list[Place]:
        """See `Released`."""
        config = description.config.architecture
        assert isinstance(config, ResamplingConfig)
        rotated = config.head_dim // 2
        heads = config.width // config.head_dim
        turned, joined = partial(neighbours, heads=1, rotated=rotated), partial(attention, heads, rotated)
        return [
            Place(BLOCKS + r"attention\.project\.weight", (THEIRS + "attn.to_qkv.weight",), joined),
            *(
                Place(BLOCKS + rf"attention\.{name}_norm\.(gamma|beta)", (THEIRS + rf"attn.{name[0]}_norm.\3",), turned)
                for name in ("query", "key")
            ),
            *(
                Place(BLOCKS + rf"attention\.{name}_norm\.alpha", (THEIRS + f"attn.{name[0]}_norm.alpha",))
                for name in ("query", "key")
            ),
            Place(BLOCKS + r"attention\.out\.weight", (THEIRS + "attn.to_out.weight",)),
            Place(BLOCKS + r"feed_forward\.expand\.(\w+)", (THEIRS + r"ff.proj_in.\3",)),
            Place(BLOCKS + r"feed_forward\.out\.(\w+)", (THEIRS + r"ff.proj_out.\3",)),
            Place(BLOCKS + r"attention_norm\.(\w+)", (THEIRS + r"norm_attn.\3",)),
            Place(BLOCKS + r"feed_forward_norm\.(\w+)", (THEIRS + r"norm_ff.\3",)),
            Place(r"(encoder|decoder)\.resampler\.token", (r"\1.blocks.0.new_tokens",)),
            Place(r"encoder\.embed\.(.+)", (r"encoder.blocks.0.mapping.\1",)),
            Place(r"decoder\.project\.(.+)", (r"decoder.blocks.0.mapping.\1",)),
            Place(r"encoder\.project\.(.+)", (r"encoder.proj.\1",)),
            Place(r"decoder\.embed\.(.+)", (r"decoder.proj.\1",)),
            Place(r"bottleneck\.(.+)", (r"bottleneck.\1",)),
        ]


def attention(heads: int, rotated: int, weight: Tensor) -> Tensor:
    """Rows of queries, keys and values: theirs q q' k k' v, or q k v, ours v q k q' k', or v q k."""
    parts = 5 if len(weight) == 5 * weight.shape[1] else 3
    *pairs, value = weight.chunk(parts)
    turned = [neighbours(part, heads, rotated) for part in pairs]
    half = len(turned) // 2
    return torch.cat([value, *(part for pair in zip(turned[:half], turned[half:], strict=True) for part in pair)])
