"""F5-TTS's diffusion transformer over latent frames, with the text laid over the frames.

The architecture of F5-TTS (Chen et al. 2024, arXiv 2410.06885, and its released code) with latents for
mel frames: characters through ConvNeXt-V2 blocks, joined to the noisy latents and the audio context channel by
channel, a convolutional position embedding, then blocks that each make their AdaLN-Zero modulation from the flow
time. No cross-attention: a filler token pads the text to the length of the audio, and self-attention aligns the two.

Padded frames count for nothing here. The released code lets them into attention, convolutions and the response norm
of the text's blocks when it trains, so that an example's loss depends on what else is in its batch. What an example's
own fillers add to that norm, all frames past its text, is in it here as there.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.generators.base import VelocityModel
from shared.generators.f5_config import F5Config
from shared.layers.attention import (
    TIME_FEATURES,
    Embedder,
    TextBlock,
    attend,
    length_mask,
    modulate,
    rotary_angles,
    rotate,
    time_features,
)
from shared.layers.unit import Unit
from shared.text.base import Text

POSITION_KERNEL = 31
POSITION_GROUPS = 16
TEXT_POSITION_BASE = 1e4


class Condition(NamedTuple):
    """What is made of text and context.

    Attributes:
        given: audio context and text of each frame, `(batch, frames, latent_dim + text_dim)`.
        angles: of the frames' positions.
        mask: true on frames, `(batch, frames)`.
    """

    given: Tensor
    angles: Tensor
    mask: Tensor


class SelfAttention(nn.Module):
    """Multi-head attention with RoPE on the first `rotary_heads` heads, queries and keys not normed."""

    def __init__(self, config: F5Config):
        super().__init__()
        inner = config.heads * config.head_dim
        self.heads = config.heads
        self.rotary_heads = config.heads if config.rotary_heads is None else config.rotary_heads
        self.query = nn.Linear(config.width, inner)
        self.key = nn.Linear(config.width, inner)
        self.value = nn.Linear(config.width, inner)
        self.out = nn.Linear(inner, config.width)

    def forward(self, x: Tensor, angles: Tensor, mask: Tensor) -> Tensor:
        """`(batch, frames, width)` attends to itself where `mask` is true."""
        query, key, value = (self._split(layer(x)) for layer in (self.query, self.key, self.value))
        query, key = self._rotate(query, angles), self._rotate(key, angles)
        return self.out(attend(query, key, value, mask).transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _rotate(self, x: Tensor, angles: Tensor) -> Tensor:
        rotated = rotate(x[:, : self.rotary_heads], angles)
        return torch.cat([rotated, x[:, self.rotary_heads :].float()], dim=1)


class Block(Unit):
    """Self-attention and feed-forward, modulated by a layer of its own from the flow time."""

    def __init__(self, config: F5Config):
        super().__init__()
        width, inner = config.width, config.feed_forward * config.width
        self.modulation = nn.Linear(width, 6 * width)
        self.attention = SelfAttention(config)
        self.dropout = nn.Dropout(config.dropout)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, inner), nn.GELU(approximate="tanh"), nn.Dropout(config.dropout), nn.Linear(inner, width)
        )

    def forward(self, x: Tensor, condition: Tensor, angles: Tensor, mask: Tensor) -> Tensor:
        """`condition` is the flow time's `(batch, width)` embedding after its SiLU."""
        parts = self.modulation(condition).unsqueeze(1).chunk(6, dim=-1)
        gate, scale, shift, gate_ff, scale_ff, shift_ff = parts
        x = x + gate * self.dropout(self.attention(modulate(x, scale, shift), angles, mask))
        return x + gate_ff * self.feed_forward(modulate(x, scale_ff, shift_ff))


class PositionEmbedding(nn.Module):
    """Two grouped convolutions, each followed by Mish: what tells a frame its neighbours and the edges."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv1d(width, width, POSITION_KERNEL, padding=POSITION_KERNEL // 2, groups=POSITION_GROUPS)
            for _ in range(2)
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """`(batch, frames, width)`, with `mask` `(batch, frames, 1)` 1 on real frames."""
        for layer in self.layers:
            x = F.mish(layer((x * mask).transpose(1, 2))).transpose(1, 2)
        return x


class TextOverFrames(nn.Module):
    """Text features through ConvNeXt-V2 blocks, with a feature for each latent frame as the result.

    A dropped text is the filler token in the place of each character.
    """

    def __init__(self, config: F5Config, text_dim: int):
        super().__init__()
        self.config = config
        self.filler = nn.Parameter(torch.randn(text_dim))  # as an embedding begins
        self.blocks = nn.ModuleList(TextBlock(text_dim, F.gelu) for _ in range(config.text_layers))

    def forward(self, text: Text, keep: Tensor, frames: Tensor, longest: int) -> Tensor:
        """`(batch, longest, text_dim)`; see `VelocityModel` for the arguments."""
        leading = self.config.text_positions == "leading"
        tokens = text.lengths.minimum(frames) if leading else text.lengths
        length = longest if leading else text.features.shape[1]
        given = length_mask(tokens, length)
        features = F.pad(text.features, (0, 0, 0, length - text.features.shape[1]))  # cuts where it is negative
        x = torch.where((given & keep.bool()[:, None]).unsqueeze(-1), features, self.filler)
        x = x + text_positions(length, x.shape[-1], x.device)
        real = length_mask(frames, length) if leading else given
        seen = given if self.config.text_mask_padding else real
        mask, counted = (each.unsqueeze(-1).to(x.dtype) for each in (seen, real))
        for block in self.blocks:
            x = block(x, mask, counted)
        return x * mask if leading else stretch(x, text, frames, longest)


def text_positions(length: int, dim: int, device: torch.device) -> Tensor:
    """Absolute positions `(length, dim)`: cosines, then sines, of `position · base^(−2i / dim)`."""
    frequencies = TEXT_POSITION_BASE ** (-torch.arange(0, dim, 2, device=device) / dim)
    angles = torch.arange(length, device=device)[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def stretch(x: Tensor, text: Text, frames: Tensor, longest: int) -> Tensor:
    """Spread a text's tokens `(batch, tokens, dim)` over `frames`, linearly between their middles.

    Frames past the end, up to `longest`, get 0. Between two tokens rather than the nearest one, since slow latents have
    fewer frames than a text has characters, and every character is to be heard.
    """
    frame, last = torch.arange(longest, device=x.device), text.lengths[:, None] - 1
    middles = text.middles().masked_fill(~length_mask(text.lengths, x.shape[1]), torch.inf)
    middle = (frame + 0.5) / frames[:, None]
    after = torch.searchsorted(middles.contiguous(), middle).minimum(last)
    before = (after - 1).clamp_min(0)
    one, other = (middles.gather(1, index) for index in (before, after))
    share = ((middle - one) / (other - one)).clamp(0, 1).where(after > before, 0)
    low, high = (x.gather(1, index.unsqueeze(-1).expand(-1, -1, x.shape[-1])) for index in (before, after))
    stretched = torch.lerp(low, high, share.unsqueeze(-1).to(x.dtype))
    return stretched * (frame < frames[:, None]).unsqueeze(-1)


class F5(VelocityModel):
    """F5-TTS's transformer.

    Args:
        config: sizes.
        latent_dim: channels of a latent frame.
        text_dim: channels of the text features.
    """

    def __init__(self, config: F5Config, latent_dim: int, text_dim: int):
        super().__init__()
        self.config = config
        width = config.width
        self.time_embed = Embedder(TIME_FEATURES, width)
        self.text = TextOverFrames(config, text_dim)
        self.merge = nn.Linear(2 * latent_dim + text_dim, width)
        self.position_embed = PositionEmbedding(width)
        blocks = [Block(config) for _ in range(config.depth)]
        self.blocks = nn.ModuleList(blocks)
        self.final_modulation = nn.Linear(width, 2 * width)
        self.project = nn.Linear(width, latent_dim)
        # AdaLN-Zero (Peebles & Xie 2023): each block starts as the identity, the network as the zero velocity.
        for layer in (*(block.modulation for block in blocks), self.final_modulation, self.project):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def prepare(
        self, context: Tensor, frames: Tensor, text: Text, keep: Tensor, blocks: bool = False
    ) -> Condition:
        """See `VelocityModel`; the blocks make nothing of it."""
        length = context.shape[1]
        positions = torch.arange(length, device=context.device).float().unsqueeze(0)
        return Condition(
            given=torch.cat([context, self.text(text, keep, frames, length)], dim=-1),
            angles=rotary_angles(positions, self.config.head_dim, self.config.rope_base),
            mask=length_mask(frames, length),
        )

    def predict(
        self, latents: Tensor, time: Tensor, condition: Condition, return_layer: int | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """See `VelocityModel`."""
        given, angles, mask = condition
        now = F.silu(self.time_embed(time_features(time).to(latents.dtype)))
        x = self.merge(torch.cat([latents, given], dim=-1))
        # In float32 also under autocast, as what the blocks add to is the sum of all that went before.
        x = (x + self.position_embed(x, mask.unsqueeze(-1).to(x.dtype))).float()
        hidden = None
        for index, block in enumerate(self.blocks, start=1):
            x = block(x, now, angles, mask[:, None, None, :])
            if index == return_layer:
                hidden = x
        scale, shift = self.final_modulation(now).unsqueeze(1).chunk(2, dim=-1)
        velocity = self.project(modulate(x, scale, shift))
        return velocity if hidden is None else (velocity, hidden)


build = F5
