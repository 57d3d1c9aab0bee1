"""SemaVoice's diffusion head (arXiv 2605.16964): a small transformer over one patch of latents and the one before.

Frames of the patch attend to each other both ways, and to the frames of the patch before, which are clean and stand
in front of it. How the backbone's state enters is not published; here it modulates the blocks together with the time,
as in a DiT (Peebles & Xie 2023).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.generators.dit import Attention
from shared.generators.heads.local_dit_config import LocalDiTConfig
from shared.layers.attention import TIME_FEATURES, Embedder, modulate, rotary_angles, time_features
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
        gate, scale, shift, gate_ff, scale_ff, shift_ff = self.modulation(condition).chunk(6, dim=-1)
        y = modulate(x, scale, shift)
        x = x[:, -keep:] + gate * self.attention(y[:, -keep:], y, angles[..., -keep:, :], angles, None)
        return x + gate_ff * self.feed_forward(modulate(x, scale_ff, shift_ff))


class LocalDiT(nn.Module):
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
        self.blocks = nn.ModuleList(LocalBlock(config) for _ in range(config.depth))
        self.modulation = nn.Linear(config.width, 2 * config.width)
        self.project = nn.Linear(config.width, latent_dim)
        for layer in (self.modulation, self.project):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, noisy: Tensor, time: Tensor, state: Tensor, previous: Tensor) -> Tensor:
        """As `MlpHead`'s; `previous` is seen whether or not the state is the null."""
        condition = F.silu(self.state_embed(state) + self.time_embed(time_features(time))).unsqueeze(1)
        x = self.noisy_embed(noisy)
        if self.previous_embed:
            x = torch.cat([self.previous_embed(previous), x], dim=1)
        positions = torch.arange(x.shape[1], device=x.device).float().unsqueeze(0)
        angles = rotary_angles(positions, self.config.width // self.config.heads, ROPE_BASE)
        for block in self.blocks[:-1]:
            x = block(x, condition, angles, x.shape[1])
        # Nothing reads what the last block would make of the patch before.
        x = self.blocks[-1](x, condition, angles, self.patch)
        scale, shift = self.modulation(condition).chunk(2, dim=-1)
        return self.project(modulate(x, scale, shift))


build = LocalDiT
