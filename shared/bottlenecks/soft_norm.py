"""Soft-normalisation bottleneck of SAME (arXiv 2605.18613; code of Stable Audio 3): no sampled posterior.

    z = (γ ⊙ h + β) / s,  s ← 0.999 s + 0.001 std(γ ⊙ h + β), at least 1e-4

One running scalar s for all channels, so that the latent has about unit variance. What a VAE's KL does for single
frames, a penalty of the same form does for statistics of the latent itself,

    d(x) = mean(x)² + var(x) − ln var(x) − 1, var at least 1e-4
    penalty = mean over channels of d over time + 0.4 · mean over frames of d over channels

and robustness comes from noise in the decoder's input: s (z + n ε) with n = 0.05 in training and 0.001 afterwards.

A third party's notes on the paper have the two axes the other way round; these are the released code's. That code
computes the penalty, but no branch of its training adds it to the loss; there its weight defaults to 1e-5, and the one
that SAME used is not known. Its variances are unbiased.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from shared.bottlenecks.base import Bottleneck
from shared.bottlenecks.soft_norm_config import SoftNormConfig

LEAST_VARIANCE = 1e-4
LEAST_STD = 1e-4
MOMENTUM = 0.999
OVER_CHANNELS = 0.4  # weight of the penalty over channels, that over time being 1


class SoftNormPosterior(NamedTuple):
    """The latent, `(batch, dim, frames)`: a posterior without noise, which is all in the decoder's input."""

    mean: Tensor

    @property
    def std(self) -> Tensor:
        """Zeros, `(batch, dim, frames)`."""
        return torch.zeros_like(self.mean)

    def sample(self) -> Tensor:
        """The latent itself, `(batch, dim, frames)`."""
        return self.mean

    def penalty(self) -> Tensor:
        """What training keeps small, `(batch, frames)`: the part over time, plus each frame's part over channels."""
        over_time = _distance_from_normal(self.mean, dim=2).mean(dim=1, keepdim=True)
        return over_time + OVER_CHANNELS * _distance_from_normal(self.mean, dim=1)

    def kl(self) -> Tensor:
        """Infinite, `(batch, frames)`: a latent without noise has no rate."""
        return torch.full_like(self.mean[:, 0], torch.inf)


def _distance_from_normal(x: Tensor, dim: int) -> Tensor:
    """`m² + var − ln var − 1` of the values along `dim`; of a single value, the variance is 0."""
    variance = x.var(dim=dim, correction=min(1, x.shape[dim] - 1)).clamp_min(LEAST_VARIANCE)
    return x.mean(dim=dim).square() + variance - variance.log() - 1


class SoftNormBottleneck(Bottleneck):
    """Affine of each channel, and division by a running standard deviation that is saved with the weights.

    The running value follows in training only, and stays where it is while the affine is not trained: a decoder that is
    trained alone sees latents that don't move. With several processes it follows the first one's examples.
    """

    penalised = "soft_norm"
    running_std: Tensor

    def __init__(self, config: SoftNormConfig):
        super().__init__()
        self.dim = self.in_channels = config.dim
        self.training_noise, self.noise = config.training_noise, config.noise
        self.scale = nn.Parameter(torch.ones(config.dim, 1))
        self.bias = nn.Parameter(torch.zeros(config.dim, 1))
        self.register_buffer("running_std", torch.ones(1))

    def forward(self, features: Tensor) -> SoftNormPosterior:
        """`(batch, dim, frames)` → the latent, in float32 whatever the features' precision."""
        scaled = self.scale * features.float() + self.bias
        if self.training and self.scale.requires_grad:
            self._follow(scaled.detach())
        # A copy, since the running value may change again before the backward pass.
        return SoftNormPosterior(scaled / self.running_std.clone())

    def restore(self, latents: Tensor, noise: bool = True) -> Tensor:
        """The decoder's input `(batch, dim, frames)`: back at the encoder's scale, with noise, or without any."""
        if noise:
            level = self.training_noise if self.training else self.noise
            latents = latents + level * torch.randn_like(latents)
        return latents * self.running_std.clone()

    @torch.no_grad()
    def _follow(self, scaled: Tensor) -> None:
        self.running_std.mul_(MOMENTUM).add_((1 - MOMENTUM) * scaled.std()).clamp_(min=LEAST_STD)


build = SoftNormBottleneck
