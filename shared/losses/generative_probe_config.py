"""What can be set about the generative probe. Imports no torch."""

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from shared.losses.config import ShapingLossConfig


class GenerativeProbeConfig(ShapingLossConfig):
    """A small flow-matching transformer over the latents, `shared.losses.generative_probe`; the sizes are SAME's."""

    kind: Literal["generative_probe"] = "generative_probe"
    width: PositiveInt = 768
    depth: PositiveInt = 4
    heads: PositiveInt = 8
    feed_forward: PositiveInt = Field(4, description="inner width of the feed-forward layers, in widths")
    time_features: int = Field(512, gt=0, multiple_of=2)
    truncation: float = Field(0.075, gt=0, lt=1, description="below it, logistic-normal times are not drawn")

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.width % (4 * self.heads):
            raise ValueError(
                f"width {self.width} must be a multiple of 4 x {self.heads} heads (RoPE turns pairs of half of each)"
            )
        return self
