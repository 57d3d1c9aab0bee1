"""What can be set about the soft-normalisation bottleneck. Imports no torch."""

from typing import Literal

from pydantic import Field, NonNegativeFloat

from shared.bottlenecks.config import BottleneckConfig


class SoftNormConfig(BottleneckConfig):
    """A latent of `dim` channels a frame without noise of its own, kept near unit variance by a penalty (SAME)."""

    kind: Literal["soft_norm"]
    training_noise: NonNegativeFloat = Field(
        5e-2, description="in the decoder's input in training, in running standard deviations of the latent"
    )
    noise: NonNegativeFloat = Field(1e-3, description="the same after training")
