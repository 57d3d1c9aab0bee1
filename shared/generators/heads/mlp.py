"""LatentLM's diffusion head (arXiv 2412.08635, section 2.1): feed-forward layers over one patch of latents.

As VibeVoice's released code (arXiv 2508.19205, by the same authors) has it: linear layers without biases, each layer's
AdaLN-Zero shift, scale and gate from the sum of the backbone's state and the diffusion time.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from shared.generators.heads.mlp_config import MlpHeadConfig
from shared.layers.attention import TIME_FEATURES, time_features
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
        shift, scale, gate = self.modulation(condition).chunk(3, dim=-1)
        y = self.norm(x) * (1 + scale) + shift
        return x + gate * self.down(F.silu(self.gate(y)) * self.up(y))


class MlpHead(nn.Module):
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
        self.noisy_embed = nn.Linear(patch * latent_dim, width, bias=False)
        self.state_embed = nn.Linear(width, width, bias=False)
        self.time_embed = nn.Sequential(
            nn.Linear(TIME_FEATURES, width, bias=False), nn.SiLU(), nn.Linear(width, width, bias=False)
        )
        self.layers = nn.ModuleList(HeadLayer(width, inner) for _ in range(config.depth))
        self.norm = nn.RMSNorm(width, eps=EPS, elementwise_affine=False)
        self.modulation = nn.Linear(width, 2 * width, bias=False)
        self.project = nn.Linear(width, patch * latent_dim, bias=False)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.project.weight)

    def forward(self, noisy: Tensor, time: Tensor, state: Tensor, previous: Tensor) -> Tensor:
        """The prediction, shaped as `noisy`.

        Args:
            noisy: patches, `(n, patch, dim)`.
            time: diffusion time in [0, 1), 0 is clean; `(n,)`.
            state: the backbone's state before each patch, or the learned null, `(n, width)`.
            previous: the patches before, shaped as `noisy`; not used, the state knows of them.
        """
        condition = F.silu(self.state_embed(state) + self.time_embed(time_features(time)))
        x = self.noisy_embed(noisy.flatten(1))
        for layer in self.layers:
            x = layer(x, condition)
        shift, scale = self.modulation(condition).chunk(2, dim=-1)
        return self.project(self.norm(x) * (1 + scale) + shift).unflatten(1, (self.patch, -1))


build = MlpHead
