"""Gaussian (VAE) bottleneck."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from shared.bottlenecks.base import Bottleneck
from shared.bottlenecks.gaussian_config import GaussianConfig

LOG_VARIANCE_LIMIT = 12.0  # Semantic-VAE's released code: std from 0.0025 to 403


class GaussianPosterior(NamedTuple):
    """Mean and standard deviation of q(z | x), each `(batch, dim, frames)`."""

    mean: Tensor
    std: Tensor

    def sample(self) -> Tensor:
        """z = mean + std · ε, ε ~ N(0, 1) from torch's global generator; `(batch, dim, frames)`."""
        return self.mean + self.std * torch.randn_like(self.mean)

    def kl(self) -> Tensor:
        """KL(q || N(0, 1)) in nats of each latent frame, `(batch, frames)`: ½ Σ_c (μ² + σ² − 1 − ln σ²)."""
        return 0.5 * (self.mean.square() + self.std.square() - 1 - 2 * self.std.log()).sum(dim=1)

    def penalty(self) -> Tensor:
        """What training keeps small, of each latent frame: the KL, `(batch, frames)`."""
        return self.kl()


class GaussianBottleneck(Bottleneck):
    """Split the encoder's output into mean and scale, and make the scale a standard deviation.

    softplus (LongCat-AudioDiT and RAVE, released code): `std = softplus(scale + offset) + min_std`
    log_variance (Semantic-VAE, released code): `std = exp(clamp(scale + offset, ±12) / 2)`

    The offset is 0, or what makes the std `initial_std` at a scale of 0.
    """

    penalised = "kl"

    def __init__(self, config: GaussianConfig):
        super().__init__()
        self.dim = config.dim
        self.in_channels = 2 * config.dim
        self.scale, self.min_std = config.scale, config.min_std
        self.offset = 0.0 if config.initial_std is None else _offset(config.initial_std, config.scale)

    def forward(self, features: Tensor) -> GaussianPosterior:
        """`(batch, 2 · dim, frames)` → posterior, in float32 whatever the features' precision."""
        mean, scale = features.float().chunk(2, dim=1)
        scale = scale + self.offset
        if self.scale == "log_variance":
            return GaussianPosterior(mean, (scale.clamp(-LOG_VARIANCE_LIMIT, LOG_VARIANCE_LIMIT) / 2).exp())
        return GaussianPosterior(mean, F.softplus(scale) + self.min_std)


def _offset(std: float, scale: str) -> float:
    return 2 * math.log(std) if scale == "log_variance" else math.log(math.expm1(std))


build = GaussianBottleneck
