"""The path of diffusion on a cosine schedule."""

import math

import torch
from torch import Tensor

from shared.generators.paths.base import Coefficients, Time
from shared.generators.paths.cosine_config import CosinePathConfig


class CosinePath:
    """Diffusion with v-prediction (Salimans & Ho 2022): α = cos φ, σ = sin φ; velocity −dz/dφ = σ x − α ε = −v.

    Nichol & Dhariwal's cosine schedule is φ = (1 − t) π / 2; its shift (Hoogeboom et al. 2023, "simple diffusion")
    adds a constant to the log signal-to-noise ratio ln(α² / σ²). Along φ the path of a pair is an arc, so that a
    step, a rotation, is DDIM's (Song et al. 2021).
    """

    def __init__(self, config: CosinePathConfig):
        self.stretch = math.exp(-config.log_snr_shift / 2)

    def angle(self, time: Time) -> Tensor:
        """φ, from π / 2 at the noise to 0 at the data."""
        quarter = torch.as_tensor(time) * (torch.pi / 2)
        return torch.atan2(self.stretch * quarter.cos().clamp_min(0), quarter.sin())

    def at(self, time: Time) -> Coefficients:
        """See `Path`."""
        alpha, sigma = self.angle(time).cos(), self.angle(time).sin()
        return Coefficients(alpha, sigma, alpha, sigma)

    def velocity(self, data: Tensor, noise: Tensor, time: Time) -> Tensor:
        """See `Path`."""
        alpha, sigma, *_ = self.at(time)
        return sigma * data - alpha * noise

    def step(self, z: Tensor, velocity: Tensor, time: Time, following: Time) -> Tensor:
        """See `Path`."""
        turn = self.angle(time) - self.angle(following)
        return turn.cos() * z + turn.sin() * velocity


build = CosinePath
