"""What can be set about bottlenecks. Imports no torch."""

from typing import Literal

from pydantic import Field

from shared.config import Strict


class GaussianConfig(Strict):
    """A diagonal Gaussian posterior over `dim` channels a frame."""

    kind: Literal["gaussian"] = "gaussian"
    dim: int = Field(gt=0, description="latent dim: channels of a latent frame")
    min_std: float = Field(1e-4, gt=0, description="added to the softplus; LongCat's released code: 1e-4")
