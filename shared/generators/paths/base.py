"""Paths from noise to data: what is noised, what the generator predicts, how a step is made.

z_t = α x + σ ε, from noise ε at t = 0 to data x at t = 1. A generator predicts the velocity, from which, at any t,
the data follow: x = a z_t + b · velocity.
"""

from typing import NamedTuple, Protocol

from torch import Tensor

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
