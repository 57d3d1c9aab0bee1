"""Gaussian (VAE) bottleneck."""

import math

import torch.nn.functional as F
from torch import Tensor

from shared.bottlenecks.base import Bottleneck, GaussianPosterior
from shared.bottlenecks.gaussian_config import GaussianConfig

LOG_VARIANCE_LIMIT = 12.0  # Semantic-VAE's released code: std from 0.0025 to 403


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
