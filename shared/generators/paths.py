"""Paths from noise to data: what is noised, what the generator predicts, how a step is made.

z_t = α x + σ ε, from noise ε at t = 0 to data x at t = 1. A generator predicts the velocity, from which, at any t,
the data follow: x = a z_t + b · velocity.
"""

import math
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from shared.generators.config import CosinePathConfig, PathConfig

Time = Tensor | float


class Coefficients(NamedTuple):
    """At one time, or at each of `(batch, 1, 1)` times: z = α x + σ ε and x = a z + b · velocity."""

    alpha: Time
    sigma: Time
    a: Time
    b: Time


class Path(Protocol):
    """A path; `time` is 0 at the noise and 1 at the data."""

    def at(self, time: Time) -> Coefficients:
        """The coefficients at `time`."""

    def velocity(self, data: Tensor, noise: Tensor, time: Time) -> Tensor:
        """What is to be predicted, of the data's shape."""

    def step(self, z: Tensor, velocity: Tensor, time: Time, following: Time) -> Tensor:
        """From z at `time` to z at `following`, exact where the velocity is that of one pair of data and noise."""


class LinearPath:
    """Flow matching (Lipman et al. 2023): α = t, σ = 1 − t; velocity dz/dt = x − ε, and a step is Euler's."""

    def at(self, time: Time) -> Coefficients:
        """See `Path`."""
        return Coefficients(time, 1 - time, 1.0, 1 - time)

    def velocity(self, data: Tensor, noise: Tensor, time: Time) -> Tensor:
        """See `Path`."""
        return data - noise

    def step(self, z: Tensor, velocity: Tensor, time: Time, following: Time) -> Tensor:
        """See `Path`."""
        return z + (following - time) * velocity


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


def build_path(config: PathConfig) -> Path:
    """The path that `config.kind` names."""
    return CosinePath(config) if config.kind == "cosine" else LinearPath()
