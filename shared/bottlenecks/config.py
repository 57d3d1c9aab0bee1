"""What can be set about bottlenecks. Imports no torch."""

from typing import Literal

from pydantic import Field, NonNegativeFloat

from shared.config import Strict

Draw = Literal["fixed", "normal"]  # what an example's noise is scaled by: 1, or one draw from N(0, 1)


class GaussianConfig(Strict):
    """A diagonal Gaussian posterior over `dim` channels a frame."""

    kind: Literal["gaussian"] = "gaussian"
    dim: int = Field(gt=0, description="latent dim: channels of a latent frame")
    scale: Literal["softplus", "log_variance"] = Field(
        "softplus",
        description="what the encoder says beside the mean: std = softplus(scale) + min_std, as in LongCat and "
        "RAVE, or ln std², clamped to ±12, as in Semantic-VAE",
    )
    min_std: float = Field(1e-4, gt=0, description="added to the softplus alone; released LongCat and RAVE: 1e-4")
    initial_std: float | None = Field(
        None,
        gt=0,
        description="std at a scale of 0, about where training starts; none: softplus(0) = 0.69, or 1. "
        "In a wide latent that much noise drowns what the encoder has to say for many steps",
    )


class SigmaConfig(Strict):
    """A mean over `dim` channels a frame, and noise whose standard deviation σ is not learned (σ-VAE)."""

    kind: Literal["sigma"]
    dim: int = Field(gt=0, description="latent dim: channels of a latent frame")
    std: NonNegativeFloat = Field(
        description="σ itself, or the standard deviation of the normal distribution that it is drawn from; "
        "VibeVoice: 0.625. With 0 there is no noise, and this is a plain autoencoder"
    )
    draw: Draw = Field(
        description="fixed: σ = std; normal: σ ~ N(0, std²), one draw for all frames and channels of an example, as in "
        "LatentLM and VibeVoice"
    )


class SoftNormConfig(Strict):
    """A latent of `dim` channels a frame without noise of its own, kept near unit variance by a penalty (SAME)."""

    kind: Literal["soft_norm"]
    dim: int = Field(gt=0, description="latent dim: channels of a latent frame")
    training_noise: NonNegativeFloat = Field(
        5e-2, description="in the decoder's input in training, in running standard deviations of the latent"
    )
    noise: NonNegativeFloat = Field(1e-3, description="the same after training")
