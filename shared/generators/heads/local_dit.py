"""SemaVoice's diffusion head (arXiv 2605.16964): a small transformer over one patch of latents and the one before.

Frames of the patch attend to each other both ways, and to the frames of the patch before, which are clean and stand
in front of it. How the backbone's state enters is not published; here it modulates the blocks together with the time,
as in a DiT (Peebles & Xie 2023).
"""

from typing import Any

import torch
from torch import Tensor, nn

from shared.generators.dit import Attention
from shared.generators.heads.base import Head
from shared.generators.heads.local_dit_config import LocalDiTConfig
from shared.layers.attention import TIME_FEATURES, Embedder, modulate, rotary_angles
from shared.layers.unit import Unit

ROPE_BASE = 1e4


class LocalBlock(Unit):
    """Self-attention without a mask and feed-forward, with AdaLN-Zero from the condition."""

    def __init__(self, config: LocalDiTConfig):
        super().__init__()
        inner = config.feed_forward * config.width
        self.modulation = nn.Linear(config.width, 6 * config.width)
        self.attention = Attention(config.width, config.heads)
        self.feed_forward = nn.Sequential(
            nn.Linear(config.width, inner), nn.GELU(approximate="tanh"), nn.Linear(inner, config.width)
        )
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, condition: Tensor, angles: Tensor, keep: int) -> Tensor:
        """`x` `(n, frames, width)`, `condition` `(n, 1, width)`; all are attended to, the last `keep` are made."""
        return self.modulated(x, self.modulation(condition), angles, keep)

    def modulated(self, x: Tensor, modulation: Tensor, angles: Tensor, keep: int) -> Tensor:
        """The same with the modulation `(n, 1, 6 · width)`."""
        gate, scale, shift, gate_ff, scale_ff, shift_ff = modulation.chunk(6, dim=-1)
        y = modulate(x, scale, shift)
        read = self.attention.read(y, angles)
        x = x[:, -keep:] + gate * self.attention(y[:, -keep:], read, angles[..., -keep:, :], None)
        return x + gate_ff * self.feed_forward(modulate(x, scale_ff, shift_ff))


class LocalDiT(Head):
    """Predicts a patch's noise (or v) from the backbone's state and the patch before.

    Args:
        config: sizes.
        width: of the backbone.
        patch: frames of a patch.
        latent_dim: channels of a frame.
    """

    def __init__(self, config: LocalDiTConfig, width: int, patch: int, latent_dim: int):
        super().__init__()
        self.config, self.patch = config, patch
        self.noisy_embed = nn.Linear(latent_dim, config.width)
        self.previous_embed = nn.Linear(latent_dim, config.width) if config.history else None
        self.state_embed = nn.Linear(width, config.width)
        self.time_embed = Embedder(TIME_FEATURES, config.width)
        self.blocks: Any = nn.ModuleList(LocalBlock(config) for _ in range(config.depth))
        self.modulation = nn.Linear(config.width, 2 * config.width)
        self.project = nn.Linear(config.width, latent_dim)
        for layer in (self.modulation, self.project):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, noisy: Tensor, time: Tensor, state: Tensor, previous: Tensor) -> Tensor:
        """See `Head`; `previous` is seen whether or not the state is the null."""
        condition = self.condition(self.embed_times(time), state).unsqueeze(1)
        x, angles = self._embed(noisy, previous)
        for block, keep in zip(self.blocks, self._kept(x), strict=True):
            x = block(x, condition, angles, keep)
        return self._project(x, self.modulation(condition))

    def modulation_layers(self) -> list[nn.Linear]:
        """See `Head`."""
        return [*(block.modulation for block in self.blocks), self.modulation]

    def modulated(self, noisy: Tensor, modulations: list[Tensor], previous: Tensor) -> Tensor:
        """See `Head`."""
        *of_blocks, last = (modulation.unsqueeze(1) for modulation in modulations)
        x, angles = self._embed(noisy, previous)
        for block, modulation, keep in zip(self.blocks, of_blocks, self._kept(x), strict=True):
            x = block.modulated(x, modulation, angles, keep)
        return self._project(x, last)

    def _embed(self, noisy: Tensor, previous: Tensor) -> tuple[Tensor, Tensor]:
        """All frames that are looked at, and the angles of their positions."""
        x = self.noisy_embed(noisy)
        if self.previous_embed:
            x = torch.cat([self.previous_embed(previous), x], dim=1)
        positions = torch.arange(x.shape[1], device=x.device).float().unsqueeze(0)
        return x, rotary_angles(positions, self.config.width // self.config.heads, ROPE_BASE)

    def _kept(self, x: Tensor) -> list[int]:
        """How many frames each block makes: nothing reads what the last would make of the patch before."""
        return [x.shape[1]] * (len(self.blocks) - 1) + [self.patch]

    def _project(self, x: Tensor, modulation: Tensor) -> Tensor:
        scale, shift = modulation.chunk(2, dim=-1)
        return self.project(modulate(x, scale, shift))


build = LocalDiT
