"""What can be set about RAVE's autoencoder. Imports no torch."""

import math
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from shared.autoencoders.config import ArchitectureConfig
from shared.bottlenecks.config import BottleneckConfig
from shared.config import Strict


class FilteredNoiseConfig(Strict):
    """Noise that RAVE's decoder adds to each band, filtered anew in each block; the defaults are RAVE's."""

    points: Annotated[int, Field(ge=3)] = Field(5, description="of the filter's response, over a band's width")
    strides: tuple[Annotated[int, Field(ge=2)], ...] = Field(
        default=(4, 4, 4), min_length=1, description="of the convolutions; their product is a block's length"
    )
    circular: bool = Field(
        True,
        description="what the filter adds past a block's ends wraps round in it; false, as in RAVE's code: it is cut "
        "off, and with it nearly all that the filter's acausal half makes",
    )

    @model_validator(mode="after")
    def _block_holds_the_filter(self) -> Self:
        if 2 * (self.points - 1) > self.block:
            raise ValueError(f"points {self.points}: their filter is longer than a block, {self.block} samples")
        return self

    @property
    def block(self) -> int:
        """Samples of a band for which the filter stays the same."""
        return math.prod(self.strides)


class RaveConfig(ArchitectureConfig):
    """RAVE, on the bands of a filter bank; the defaults are those of its first release (see `rave.py`)."""

    family: Literal["rave"]
    bands: Annotated[int, Field(ge=2)] = Field(16, description="of the filter bank")
    channels: PositiveInt = Field(64, description="beside the filter bank; doubled at each stride")
    strides: tuple[Annotated[int, Field(ge=2)], ...] = Field(
        default=(4, 4, 4, 2),
        min_length=1,
        description="the encoder's from the bands inwards; the decoder's from the latent outwards, in the same order",
    )
    dilations: tuple[PositiveInt, ...] = Field(
        default=(1, 3, 9), min_length=1, description="of the decoder's residual layers; later releases' v1: 1, 3, 5"
    )
    projection: Literal["grouped", "joint"] = Field(
        "grouped", description="to the bottleneck: mean and scale are made of half the channels each, or of all"
    )
    envelope: Literal["exponential", "sigmoid"] = Field(
        "exponential",
        description="what makes a loudness of a number: 2 sigmoid^2.3, as in the released code (and DDSP), or sigmoid, "
        "as in the paper",
    )
    noise: FilteredNoiseConfig | None = FilteredNoiseConfig()
    filters: Literal["derived", "released"] = Field(
        "derived",
        description="of the filter bank: this project's, or those of RAVE's released code, turned round in time and "
        "shorter; as good, but weights fit one of them alone",
    )

    @model_validator(mode="after")
    def _blocks_fill_latent_frames(self) -> Self:
        if self.noise and math.prod(self.strides) % self.noise.block:
            raise ValueError(
                f"noise.strides multiply to {self.noise.block}, which does not divide the {math.prod(self.strides)} "
                "samples of a band in a latent frame: choose others, or set noise: null"
            )
        return self

    @property
    def audio_channels(self) -> int:
        """This family is mono."""
        return 1

    @property
    def hop(self) -> int:
        """Samples a latent frame."""
        return self.bands * math.prod(self.strides)

    @property
    def stages(self) -> list[tuple[int, int]]:
        """Channels at the bands' side and at the latent's side of each strided convolution, outermost first."""
        return list(pairwise(self.channels * 2**index for index in range(len(self.strides) + 1)))

    def check(self, bottleneck: BottleneckConfig) -> None:
        """See `ArchitectureConfig`."""
        if self.projection == "grouped" and not bottleneck.learns_scale:
            raise ValueError("projection grouped makes a mean and a scale: it goes with a gaussian bottleneck")
