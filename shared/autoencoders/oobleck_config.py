"""What can be set about Oobleck's autoencoder. Imports no torch."""

import math
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from shared.autoencoders.config import ArchitectureConfig


class OobleckConfig(ArchitectureConfig):
    """Widths and strides, from the waveform inwards; the defaults are LongCat-AudioDiT's."""

    family: Literal["oobleck"]
    audio_channels: PositiveInt = 1
    channels: PositiveInt = 128
    multipliers: tuple[PositiveInt, ...] = (1, 2, 4, 8, 16)
    strides: tuple[Annotated[int, Field(ge=2)], ...] = Field(default=(2, 4, 4, 8, 8), min_length=1)
    shortcuts: bool = True
    final_tanh: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.multipliers) != len(self.strides):
            raise ValueError(f"{len(self.multipliers)} multipliers for {len(self.strides)} strides")
        if self.shortcuts:
            for (outer, inner), stride in zip(self.stages, self.strides, strict=True):
                if outer * stride % inner:
                    raise ValueError(f"shortcut: {outer} channels x stride {stride} do not make {inner}")
        return self

    @property
    def hop(self) -> int:
        """Samples a latent frame."""
        return math.prod(self.strides)

    @property
    def width(self) -> int:
        """Channels beside the latent."""
        return self.channels * self.multipliers[-1]

    @property
    def stages(self) -> list[tuple[int, int]]:
        """Channels at the waveform's side and at the latent's side of each strided block, outermost first."""
        widths = [self.channels * multiplier for multiplier in (1, *self.multipliers)]
        return list(pairwise(widths))
