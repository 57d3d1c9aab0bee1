"""LatentLM's diffusion head (arXiv 2412.08635, section 2.1): feed-forward layers over one patch of latents.

As VibeVoice's released code (arXiv 2508.19205, by the same authors) has it: linear layers without biases, each layer's
AdaLN-Zero shift, scale and gate from the sum of the backbone's state and the diffusion time.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.generators.heads.base import Head
from shared.generators.heads.mlp_config import MlpHeadConfig
from shared.layers.attention import TIME_FEATURES
from shared.layers.unit import Unit

EPS = 1e-5


class HeadLayer(Unit):
    """Residual SwiGLU layer, modulated by the condition; the identity at first."""

    def __init__(self, width: int, inner: int):
        super().__init__()
        self.norm = nn.RMSNorm(width, eps=EPS)
        self.modulation = nn.Linear(width, 3 * width, bias=False)
        self.gate = nn.Linear(width, inner, bias=False)
        self.up = nn.Linear(width, inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)
        nn.init.zeros_(self.modulation.weight)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Both `(n, width)`."""
        return self.modulated(x, self.modulation(condition))

    def modulated(self, x: Tensor, modulation: Tensor) -> Tensor:
        """`(n, width)` -> the same; `modulation` `(n, 3 · width)`."""
        shift, scale, gate = modulation.chunk(3, dim=-1)
        y = torch.addcmul(shift, self.norm(x), 1 + scale)
        return torch.addcmul(x, gate, self.down(F.silu(self.gate(y)) * self.up(y)))


class MlpHead(Head):
    """Predicts a patch's noise (or v) from the backbone's state; a patch of several frames is one long vector.

    Args:
        config: sizes.
        width: of the backbone and the head.
        patch: frames of a patch.
        latent_dim: channels of a frame.
    """

    def __init__(self, config: MlpHeadConfig, width: int, patch: int, latent_dim: int):
        super().__init__()
        inner, self.patch = round(config.feed_forward * width), patch
        self.inclusive = config.time_frequencies == "inclusive"
        self.noisy_embed = nn.Linear(patch * latent_dim, width, bias=False)
        self.state_embed = nn.Linear(width, width, bias=False)
        self.time_embed = nn.Sequential(
            nn.Linear(TIME_FEATURES, width, bias=False), nn.SiLU(), nn.Linear(width, width, bias=False)
        )
        self.layers: Any = nn.ModuleList(HeadLayer(width, inner) for _ in range(config.depth))
        self.norm = nn.RMSNorm(width, eps=EPS, elementwise_affine=False)
        self.modulation = nn.Linear(width, 2 * width, bias=False)
        self.project = nn.Linear(width, patch * latent_dim, bias=False)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.project.weight)

    def forward(self, noisy: Tensor, time: Tensor, state: Tensor, previous: Tensor) -> Tensor:
        """See `Head`; `previous` is not used, the state knows of it."""
        condition = self.condition(self.embed_times(time), state)
        x = self.noisy_embed(noisy.flatten(1))
        for layer in self.layers:
            x = layer(x, condition)
        return self._project(x, self.modulation(condition))

    def modulation_layers(self) -> list[nn.Linear]:
        """See `Head`."""
        return [*(layer.modulation for layer in self.layers), self.modulation]

    def modulated(self, noisy: Tensor, modulations: list[Tensor], previous: Tensor) -> Tensor:
        """See `Head`."""
        x = self.noisy_embed(noisy.flatten(1))
        for layer, modulation in zip(self.layers, modulations[:-1], strict=True):
            x = layer.modulated(x, modulation)
        return self._project(x, modulations[-1])

    def _project(self, x: Tensor, modulation: Tensor) -> Tensor:
        shift, scale = modulation.chunk(2, dim=-1)
        return self.project(torch.addcmul(shift, self.norm(x), 1 + scale)).unflatten(1, (self.patch, -1))


build = MlpHead
