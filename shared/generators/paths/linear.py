"""The straight path of flow matching."""

from torch import Tensor

from shared.generators.paths.base import Coefficients, Time
from shared.generators.paths.linear_config import LinearPathConfig


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


def build(config: LinearPathConfig) -> LinearPath:
    """The path, of which nothing can be set."""
    return LinearPath()
