"""What can be set about bottlenecks. Imports no torch."""

from typing import ClassVar, Literal

from pydantic import Field

from shared.kinds import Kind

Draw = Literal["fixed", "normal"]  # what an example's noise is scaled by: 1, or one draw from N(0, 1)


class BottleneckConfig(Kind):
    """What stands between encoder and decoder; its module has `build(config)`, a `shared.bottlenecks.base.Bottleneck`.

    Attributes:
        learns_scale: whether the encoder says a scale beside the mean, half of its channels each, and so how much
            noise there is and how much the latent holds.
    """

    PACKAGE: ClassVar[str] = "shared.bottlenecks"
    learns_scale: ClassVar[bool] = False

    kind: str
    dim: int = Field(gt=0, description="latent dim: channels of a latent frame")
