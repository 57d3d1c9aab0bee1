"""Diffusion transformer over latent frames, conditioned on text by cross-attention and on audio context.

The architecture of LongCat-AudioDiT (arXiv 2603.29339, section 3 and its released code): global AdaLN, RoPE on
queries and keys of self- and cross-attention, RMSNorm of queries and keys over the full inner width, one long
skip from the embedded input to the output, ConvNeXt-V2 blocks over the text. The released sampler adds the embedded
input a second time, after the block that REPA aligns (`skip_after`); `diffusers`' port of it does not.
"""

from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.generators.base import VelocityModel
from shared.generators.dit_config import DiTConfig
from shared.layers.attention import (
    TIME_FEATURES,
    Embedder,
    TextBlock,
    attend,
    length_mask,
    modulate,
    norm_and_rotate,
    rotary_angles,
    time_features,
)
from shared.layers.unit import Unit
from shared.text.base import Text


class Condition(NamedTuple):
    """What is made of text and context.

    Attributes:
        words: the encoded text, `(batch, tokens, width)`.
        summary: its mean, `(batch, width)`.
        context: the embedded audio context, `(batch, frames, width)`.
        angles, text_angles: of the positions of frames and of tokens.
        mask, text_mask: true on frames, `(batch, 1, 1, frames)`, and on tokens.
        read: the text's keys and values in each block, or None where the block is to make them.
    """

    words: Tensor
    summary: Tensor
    context: Tensor
    angles: Tensor
    text_angles: Tensor
    mask: Tensor
    text_mask: Tensor
    read: list[tuple[Tensor, Tensor] | None]


class Attention(nn.Module):
    """Multi-head attention with RoPE and RMSNorm of queries and keys over the full width."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.query_norm = nn.RMSNorm(width, eps=1e-6)
        self.key_norm = nn.RMSNorm(width, eps=1e-6)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, read: tuple[Tensor, Tensor], angles: Tensor, mask: Tensor | None) -> Tensor:
        """`(batch, length, width)` attends to what was read, where `mask` is true or is none."""
        query = norm_and_rotate(self.query(x), self.query_norm, angles, self.heads)
        return self.out(attend(query, *read, mask).transpose(1, 2).flatten(2))

    def read(self, context: Tensor, angles: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values `(batch, heads, context length, head_dim)` of `(batch, context length, width)`."""
        key, value = self.key_value(context).chunk(2, dim=-1)
        key = norm_and_rotate(key, self.key_norm, angles, self.heads)
        return key, value.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Block(Unit):
    """Self-attention, cross-attention to the text, feed-forward; modulated by the shared AdaLN output."""

    def __init__(self, config: DiTConfig):
        super().__init__()
        width = config.width
        self.offset = nn.Parameter(torch.randn(6 * width) / width**0.5)
        self.self_attention = Attention(width, config.heads)
        self.cross_attention = Attention(width, config.heads)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, config.feed_forward * width),
            nn.GELU(approximate="tanh"),
            nn.Linear(config.feed_forward * width, width),
        )

    def forward(
        self, x: Tensor, text: Tensor, modulation: Tensor, angles: Tensor, text_angles: Tensor, mask, text_mask,
        read: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """`modulation` is the `(batch, 6 · width)` output that all blocks share; `read` is of `text`, by `read`."""
        parts = (modulation + self.offset).unsqueeze(1).chunk(6, dim=-1)
        gate, scale, shift, gate_ff, scale_ff, shift_ff = parts
        y = modulate(x, scale, shift)
        x = torch.addcmul(x, gate, self.self_attention(y, self.self_attention.read(y, angles), angles, mask))
        # No norm before cross-attention: the official parameter count has none, and queries and keys are normed.
        x = x + self.cross_attention(x, read or self.read(text, text_angles), angles, text_mask)
        return torch.addcmul(x, gate_ff, self.feed_forward(modulate(x, scale_ff, shift_ff)))

    def read(self, text: Tensor, text_angles: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the text."""
        return self.cross_attention.read(text, text_angles)


class DiT(VelocityModel):
    """LongCat's transformer; a dropped text is features of zero.

    Args:
        config: sizes.
        latent_dim: channels of a latent frame.
        text_dim: channels of the text features.
    """

    def __init__(self, config: DiTConfig, latent_dim: int, text_dim: int):
        super().__init__()
        self.config = config
        width = config.width
        self.time_embed = Embedder(TIME_FEATURES, width)
        self.latent_embed = Embedder(latent_dim, width)
        self.context_embed = Embedder(latent_dim, width)
        self.merge = Embedder(2 * width, width)
        self.text_embed = Embedder(text_dim, width)
        self.text_blocks = nn.ModuleList(TextBlock(width) for _ in range(config.text_layers))
        self.modulation = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.final_modulation = nn.Linear(width, 2 * width)
        self.project = nn.Linear(width, latent_dim)
        # AdaLN-Zero (Peebles & Xie 2023): the network starts as the zero velocity.
        for layer in (self.modulation, self.final_modulation, self.project):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        for embedder in (self.time_embed, self.text_embed):
            for part in embedder:
                if isinstance(part, nn.Linear):
                    nn.init.normal_(part.weight, std=0.02)
                    nn.init.zeros_(part.bias)

    def prepare(
        self, context: Tensor, frames: Tensor, text: Text, keep: Tensor, blocks: bool = False
    ) -> Condition:
        """See `VelocityModel`."""
        given, tokens = text.features * keep[:, None, None], text.lengths
        mask, text_mask = length_mask(frames, context.shape[1]), length_mask(tokens, given.shape[1])
        words = self._encode_text(given, text_mask)
        angles, text_angles = self._angles(frames, text, context.shape[1])
        return Condition(
            words=words,
            summary=words.sum(dim=1) / tokens.clamp_min(1)[:, None],
            context=self.context_embed(context),
            angles=angles,
            text_angles=text_angles,
            mask=mask[:, None, None, :],
            text_mask=text_mask[:, None, None, :],
            read=[cast(Block, block).read(words, text_angles) if blocks else None for block in self.blocks],
        )

    def predict(
        self, latents: Tensor, time: Tensor, condition: Condition, return_layer: int | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """See `VelocityModel`."""
        words, summary, context, *places, read = condition
        now = F.silu(self.time_embed(time_features(time).to(latents.dtype)) + summary)
        x = self.merge(torch.cat([self.latent_embed(latents), context], dim=-1))
        start = x
        modulation = self.modulation(now)
        hidden = None
        for index, (block, each) in enumerate(zip(self.blocks, read, strict=True), start=1):
            x = block(x, words, modulation, *places, each)
            if index == return_layer:
                hidden = x
            if index == self.config.skip_after:
                x = x + start
        scale, shift = self.final_modulation(now).unsqueeze(1).chunk(2, dim=-1)
        velocity = self.project(modulate(x + start, scale, shift))
        return velocity if hidden is None else (velocity, hidden)

    def _encode_text(self, text: Tensor, mask: Tensor) -> Tensor:
        weights = mask.unsqueeze(-1).to(text.dtype)
        text = self.text_embed(text)
        for block in self.text_blocks:
            text = block(text, weights)
        return text * weights

    def _angles(self, frames: Tensor, text: Text, length: int) -> tuple[Tensor, Tensor]:
        head_dim, base = self.config.width // self.config.heads, self.config.rope_base
        positions = torch.arange(length, device=frames.device).float().expand(len(frames), -1)
        if self.config.text_positions == "stretched":
            text_positions = text.begins() * frames.unsqueeze(1)
        else:
            text_positions = torch.arange(text.features.shape[1], device=frames.device).float().expand(len(frames), -1)
        return rotary_angles(positions, head_dim, base), rotary_angles(text_positions, head_dim, base)


build = DiT
