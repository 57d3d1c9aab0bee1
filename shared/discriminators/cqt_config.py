"""What can be set about the constant-Q discriminator. Imports no torch."""

from typing import Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from shared.discriminators.config import DiscriminatorConfig


class CqtDiscriminatorConfig(DiscriminatorConfig):
    """A discriminator for each constant-Q transform; the defaults are BigVGAN-v2's, for 33.5 kHz or more."""

    kind: Literal["cqt"]
    hops: tuple[PositiveInt, ...] = Field(default=(256, 128, 128), min_length=1)
    bins_per_octave: tuple[PositiveInt, ...] = Field((24, 36, 48), description="one for each hop")
    octaves: PositiveInt = 9
    f_min: PositiveFloat = Field(32.7, description="of the lowest bin, in Hz")
    channels: PositiveInt = 32
    dilations: tuple[PositiveInt, ...] = (1, 2, 4)  # of the layers after the first, in time; each has stride 2

    @model_validator(mode="after")
    def _one_resolution_for_each_hop(self) -> Self:
        if len(self.bins_per_octave) != len(self.hops):
            raise ValueError(f"{len(self.bins_per_octave)} bins_per_octave for {len(self.hops)} hops")
        return self
