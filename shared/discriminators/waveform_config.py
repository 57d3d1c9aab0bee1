"""What can be set about the waveform discriminator. Imports no torch."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from shared.discriminators.config import DiscriminatorConfig


class WaveformDiscriminatorConfig(DiscriminatorConfig):
    """A discriminator for the waveform, and for each of its averages at half the rate; the defaults are MelGAN's."""

    kind: Literal["waveform"]
    scales: PositiveInt = 3
    channels: Annotated[int, Field(ge=4, multiple_of=4)] = Field(16, description="multiplied by each stride")
    max_channels: Annotated[int, Field(ge=4, multiple_of=4)] = 1024
    strides: tuple[Annotated[int, Field(ge=2)], ...] = Field(default=(4, 4, 4, 4), min_length=1)

    @model_validator(mode="after")
    def _groups_are_even(self) -> Self:
        for inner, outer in pairwise(self.widths):
            if outer % (inner // 4):
                raise ValueError(f"max_channels {outer}: {inner} channels in groups of 4 don't divide it")
        return self

    @property
    def widths(self) -> list[int]:
        """Channels before the first stride and after each."""
        widths = [self.channels]
        for stride in self.strides:
            widths.append(min(widths[-1] * stride, self.max_channels))
        return widths
