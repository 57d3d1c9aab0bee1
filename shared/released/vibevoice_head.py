"""VibeVoice's diffusion head, as `transformers` (`VibeVoiceForConditionalGeneration`) has it.

A head alone makes nothing: VibeVoice's language model reads text and latents by connectors that `next_token` has not.
So what is written is no generator; `load_head` reads it, for who builds one around it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor

from shared.config import Strict
from shared.generators.heads.base import Head
from shared.generators.heads.config import HeadConfig
from shared.generators.heads.mlp_config import MlpHeadConfig
from shared.released.base import Place, Released, Weights, count, expect, shape
from shared.tensors import load_weights, read_description


class SavedHead(Strict):
    """The `model.json` beside a head's weights; `width` is the backbone's."""

    config: HeadConfig
    width: PositiveInt
    patch: PositiveInt
    latent_dim: PositiveInt

    def build(self) -> Head:
        """A new head."""
        head: Head = self.config.build(self.width, self.patch, self.latent_dim)
        return head


class VibeVoiceHead(Released):
    """LatentLM's head, which predicts v."""

    name = "vibevoice_head"
    title = "VibeVoice's diffusion head (transformers: VibeVoiceForConditionalGeneration)"
    prefixes = ("model.diffusion_head.", "diffusion_head.")
    notes = "A head alone is no generator: shared.released.vibevoice_head.load_head reads it, and nothing else does."

    def describe(self, weights: Weights, config: Mapping[str, Any]) -> SavedHead:
        """See `Released`."""
        config = config.get("diffusion_head_config", config)
        expect(config, rms_norm_eps=1e-5, hidden_act="silu", frequency_embedding_size=256, diffusion_max_period=10000)
        inner, width = shape(weights, "layers.0.ffn.gate_proj.weight")
        head = MlpHeadConfig(
            kind="mlp", depth=count(weights, r"layers\.(\d+)\."), feed_forward=inner / width,
            time_frequencies="exclusive",
        )  # fmt: skip
        latent_dim = shape(weights, "noisy_images_proj.weight")[1]
        return SavedHead(config=head, width=width, patch=1, latent_dim=latent_dim)

    def ours(self, description: SavedHead) -> dict[str, Tensor]:
        """See `Released`."""
        with torch.device("meta"):
            return description.build().state_dict()

    def places(self, description: SavedHead) -> list[Place]:
        """See `Released`."""
        return [
            Place(r"noisy_embed\.weight", ("noisy_images_proj.weight",)),
            Place(r"state_embed\.weight", ("cond_proj.weight",)),
            Place(r"time_embed\.0\.weight", ("timestep_proj.fc1.weight",), sines_first),
            Place(r"time_embed\.2\.weight", ("timestep_proj.fc2.weight",)),
            Place(r"layers\.(\d+)\.norm\.weight", (r"layers.\1.norm.weight",)),
            Place(r"layers\.(\d+)\.modulation\.weight", (r"layers.\1.linear.weight",)),
            Place(r"layers\.(\d+)\.(gate|up|down)\.weight", (r"layers.\1.ffn.\2_proj.weight",)),
            Place(r"modulation\.weight", ("final_layer.linear_1.weight",)),
            Place(r"project\.weight", ("final_layer.linear_2.weight",)),
        ]


def sines_first(weight: Tensor) -> Tensor:
    """Columns for cosines and sines of the time, `(width, features)`, in the other order."""
    cosines, sines = weight.chunk(2, dim=1)
    return torch.cat([sines, cosines], dim=1)


def load_head(weights: Path) -> Head:
    """The head that was imported to `weights`, in eval mode.

    Raises:
        ConfigError: the file or the `model.json` beside it is missing or damaged.
    """
    head = read_description(weights, SavedHead).build()
    load_weights(weights, head)
    return head.eval().requires_grad_(False)
