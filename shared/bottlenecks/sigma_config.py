"""What can be set about the σ-VAE bottleneck. Imports no torch."""

from typing import Literal

from pydantic import Field, NonNegativeFloat

from shared.bottlenecks.config import BottleneckConfig, Draw


class SigmaConfig(BottleneckConfig):
    """A mean over `dim` channels a frame, and noise whose standard deviation σ is not learned (σ-VAE)."""

    kind: Literal["sigma"]
    std: NonNegativeFloat = Field(
        description="σ itself, or the standard deviation of the normal distribution that it is drawn from; "
        "VibeVoice: 0.625. With 0 there is no noise, and this is a plain autoencoder"
    )
    draw: Draw = Field(
        description="fixed: σ = std; normal: σ ~ N(0, std²), one draw for all frames and channels of an example, as in "
        "LatentLM and VibeVoice"
    )
