"""Stable Audio 3's diffusion transformer over latent frames, with text by cross-attention and audio context added.

The architecture of Stable Audio 3 (its released code, configs and the shapes in its checkpoints), the public stand-in
for the generator of SAME (arXiv 2605.18613), which has about as many weights: RMSNorm and differential attention,
gated feed-forward layers, learned memory tokens before the frames, one global AdaLN modulation with sigmoid gates to
which each block adds an offset of its own, and in each block two layers of its own for the audio context.

Medium has 1,453,170,176 weights, the published 1,453.2 M, and small 459,130,880 (459.1 M), both without the 197,376
that embed the duration, which are not counted there as they belong to the text's conditioner.

What differs: padded frames and tokens are masked, where the released conditioner fills texts up to 256 tokens with a
learned embedding that the frames attend to; the last layer is 0 at first; flow time 1 is data here, and noise there.
The mask of the audio context, an input of its own there, is found again here from where the context is not 0.
Durations are in latent frames here, as a share of `longest`, and in seconds there, as a share of 384 of them; that
they are counted from 0 is guessed.
"""

import math
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.generators.base import VelocityModel
from shared.generators.stable_audio_config import StableAudioDiTConfig
from shared.layers.attention import Embedder, length_mask, rotary_angles
from shared.layers.transformer import CrossAttention, GatedFeedForward, SelfAttention
from shared.layers.unit import Unit
from shared.layers.windows import Everything
from shared.text.base import Text

FEATURES = 256  # of the flow time, and of the duration
FREQUENCIES = 0.5, 1e4  # lowest and highest of them, in turns from 0 to 1
NORM_EPS = 1e-6  # of `diffusers`' class


class Read(NamedTuple):
    """What a block makes of text and context: keys and values of cross-attention, and context `(batch, …, width)`."""

    text: tuple[list[Tensor], Tensor]
    context: Tensor


class Condition(NamedTuple):
    """What is made of text and context.

    Attributes:
        duration: embedded, `(batch, width)`.
        tokens: the duration and the text, `(batch, 1 + tokens, width)`.
        context: where audio context is given and what it is, `(batch, frames, dim + 1)`.
        angles: of the memory tokens' and the frames' positions.
        mask, text_mask: of memory tokens and frames, and of duration and text.
        read: what each block makes of them, or None where the block is to make it.
    """

    duration: Tensor
    tokens: Tensor
    context: Tensor
    angles: Tensor
    mask: Tensor
    text_mask: Tensor
    read: list[Read | None]


class Block(Unit):
    """Self-attention, cross-attention to the text, audio context, feed-forward; all add nothing at first."""

    def __init__(self, config: StableAudioDiTConfig, latent_dim: int):
        super().__init__()
        width, head_dim = config.width, config.width // config.heads
        self.offset = nn.Parameter(torch.randn(6 * width) / width**0.5)
        self.self_norm, self.cross_norm, self.feed_forward_norm = (nn.RMSNorm(width, eps=NORM_EPS) for _ in range(3))
        self.self_attention = SelfAttention(width, head_dim, "rms", config.differential)
        self.cross_attention = CrossAttention(width, head_dim, "rms", config.differential)
        self.context_embed = Embedder(latent_dim + 1, width)
        self.feed_forward = GatedFeedForward(width, config.feed_forward * width)
        for branch in (self.self_attention, self.cross_attention):
            nn.init.zeros_(branch.out.weight)
        for parameter in (*self.context_embed[2].parameters(), *self.feed_forward.out.parameters()):
            nn.init.zeros_(parameter)

    def forward(
        self, x: Tensor, text: Tensor, modulation: Tensor, context: Tensor, angles: Tensor, mask: Tensor,
        text_mask: Tensor, read: Read | None = None,
    ) -> Tensor:
        """`(batch, memory + frames, width)` -> the same.

        Args:
            x: memory tokens, then frames.
            text: the duration and the text, `(batch, 1 + tokens, width)`.
            modulation: what all blocks share, `(batch, 6 · width)`.
            context: where audio context is given and what it is, `(batch, frames, dim + 1)`.
            angles: of the memory tokens' and the frames' positions.
            mask: of memory tokens and frames, `(batch, 1, 1, memory + frames)`.
            text_mask: of duration and text, `(batch, 1, 1, 1 + tokens)`.
            read: what `read` makes of text and context.
        """
        read = read or self.read(text, context)
        scale, shift, gate, scale_ff, shift_ff, gate_ff = (modulation + self.offset).unsqueeze(1).chunk(6, dim=-1)
        y = self.self_attention(self.self_norm(x) * (1 + scale) + shift, angles, Everything(mask))
        x = x + torch.sigmoid(1 - gate) * y
        x = x + self.cross_attention(self.cross_norm(x), read.text, Everything(text_mask))
        x = x + F.pad(read.context, (0, 0, x.shape[1] - read.context.shape[1], 0))
        return x + torch.sigmoid(1 - gate_ff) * self.feed_forward(self.feed_forward_norm(x) * (1 + scale_ff) + shift_ff)

    def read(self, text: Tensor, context: Tensor) -> Read:
        """What does not depend on x; see `forward`."""
        return Read(self.cross_attention.read(text), self.context_embed(context))


class StableAudioDiT(VelocityModel):
    """Stable Audio 3's transformer.

    A dropped text takes the duration's token with it: both are 0, so that cross-attention gives 0, as its layers have
    no biases. The duration stays in the modulation, as in the released unconditional branch.

    Args:
        config: sizes.
        latent_dim: channels of a latent frame.
        text_dim: channels of the text features, and of the duration's.
    """

    def __init__(self, config: StableAudioDiTConfig, latent_dim: int, text_dim: int):
        super().__init__()
        self.config = config
        width = config.width
        self.time_embed = Embedder(FEATURES, width)
        self.duration = nn.Linear(FEATURES, text_dim)
        self.duration_embed = Embedder(text_dim, width, bias=False)
        self.text_embed = Embedder(text_dim, width, bias=False)
        self.modulation = Embedder(width, width, 6 * width)
        self.mix_latents = nn.Linear(latent_dim, latent_dim, bias=False)
        self.embed = nn.Linear(latent_dim, width, bias=False)
        self.memory = nn.Parameter(torch.randn(config.memory_tokens, width))
        self.blocks = nn.ModuleList(Block(config, latent_dim) for _ in range(config.depth))
        self.project = nn.Linear(width, latent_dim, bias=False)
        self.mix_velocity = nn.Linear(latent_dim, latent_dim, bias=False)
        for layer in (self.mix_latents, self.project, self.mix_velocity):
            nn.init.zeros_(layer.weight)

    def prepare(
        self, context: Tensor, frames: Tensor, text: Text, keep: Tensor, blocks: bool = False
    ) -> Condition:
        """See `VelocityModel`."""
        memory, length = self.config.memory_tokens, context.shape[1]
        duration = self.duration(fourier_features((frames / self.config.longest).clamp_max(1)))
        tokens = torch.cat([duration.unsqueeze(1), text.features], dim=1) * keep[:, None, None]
        tokens = self.text_embed(tokens)
        text_mask = F.pad(length_mask(text.lengths, text.features.shape[1]), (1, 0), value=True)[:, None, None, :]
        mask = F.pad(length_mask(frames, length), (memory, 0), value=True)[:, None, None, :]
        given = (context != 0).any(dim=-1, keepdim=True)
        context = torch.cat([given.to(context.dtype), context], dim=-1)
        positions = torch.arange(memory + length, device=context.device).float().unsqueeze(0)
        return Condition(
            duration=self.duration_embed(duration),
            tokens=tokens,
            context=context,
            angles=rotary_angles(positions, self.config.width // self.config.heads // 2, self.config.rope_base),
            mask=mask,
            text_mask=text_mask,
            read=[cast(Block, block).read(tokens, context) if blocks else None for block in self.blocks],
        )

    def predict(
        self, latents: Tensor, time: Tensor, condition: Condition, return_layer: int | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """See `VelocityModel`."""
        duration, tokens, *places, read = condition
        memory = self.config.memory_tokens
        modulation = self.modulation(self.time_embed(fourier_features(time)) + duration)
        x = self.embed(latents + self.mix_latents(latents))
        x = torch.cat([self.memory.expand(len(x), -1, -1), x], dim=1)
        hidden = None
        for index, (block, each) in enumerate(zip(self.blocks, read, strict=True), start=1):
            x = block(x, tokens, modulation, *places, each)
            if index == return_layer:
                hidden = x[:, memory:]
        velocity = self.project(x[:, memory:])
        velocity = velocity + self.mix_velocity(velocity)
        return velocity if hidden is None else (velocity, hidden)


def fourier_features(x: Tensor) -> Tensor:
    """Cosines and sines of numbers from 0 to 1, `(batch,)` -> `(batch, FEATURES)`, with frequencies spread evenly.

        cos(2π f x), sin(2π f x), the f a geometric series
    """
    low, high = (math.log(frequency) for frequency in FREQUENCIES)
    frequencies = torch.linspace(low, high, FEATURES // 2, device=x.device).exp()
    angles = 2 * torch.pi * x.float()[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


build = StableAudioDiT
