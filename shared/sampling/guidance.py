"""Guidance: how the conditional and the unconditional prediction are put together.

Classifier-free guidance (Ho & Salimans 2022) in the velocity domain: v + α (v − v_null).
Adaptive projected guidance (Sadat et al. 2024) in the sample domain, as LongCat section 3.4 uses it.
"""

import torch
from torch import Tensor

from shared.generators.paths.base import Coefficients
from shared.sampling.infilling_config import GuidanceConfig


class Guidance:
    """Combines the two velocities of each solver step; holds the momentum of one trajectory."""

    def __init__(self, config: GuidanceConfig):
        self.config = config
        self.update: Tensor | float = 0.0

    def __call__(self, z: Tensor, now: Coefficients, velocity: Tensor, null: Tensor) -> Tensor:
        """Guided velocity `(batch, frames, dim)`.

        Args:
            z: where the two velocities were predicted from.
            now: the path's coefficients at the time of z, which is below 1.
            velocity: conditional prediction, zero on frames that are not generated.
            null: unconditional prediction, likewise.
        """
        if self.config.kind == "cfg":
            return velocity + self.config.scale * (velocity - null)
        sample = now.a * z + now.b * velocity
        self.update = now.b * (velocity - null) + self.config.momentum * self.update
        parallel = project(self.update, sample)
        orthogonal = self.update - parallel
        eta = self.config.parallel * (self.config.scale if self.config.parallel_scaled else 1.0)
        return (sample + self.config.scale * orthogonal + eta * parallel - now.a * z) / now.b


def project(vector: Tensor, direction: Tensor) -> Tensor:
    """The part of `vector` along `direction`, over (frames, dim) of each example."""
    # float64: the two are nearly parallel late in the trajectory, where float32 would lose the orthogonal part.
    v, d = vector.double(), direction.double()
    dot = (v * d).sum(dim=(-2, -1), keepdim=True)
    norm = d.square().sum(dim=(-2, -1), keepdim=True).clamp_min(torch.finfo(torch.float64).tiny)
    return (dot / norm * d).to(vector.dtype)
