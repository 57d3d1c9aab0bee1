"""What can be set about the Gaussian bottleneck. Imports no torch."""

from typing import ClassVar, Literal

from pydantic import Field

from shared.bottlenecks.config import BottleneckConfig


class GaussianConfig(BottleneckConfig):
    """A diagonal Gaussian posterior over `dim` channels a frame."""

    learns_scale: ClassVar[bool] = True

    kind: Literal["gaussian"] = "gaussian"
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
