"""What can be set about the period discriminator. Imports no torch."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from shared.discriminators.config import DiscriminatorConfig


class PeriodDiscriminatorConfig(DiscriminatorConfig):
    """A discriminator for each period; the defaults are HiFi-GAN's, and DAC's and Semantic-VAE's."""

    kind: Literal["period"]
    periods: tuple[Annotated[int, Field(ge=2)], ...] = Field(default=(2, 3, 5, 7, 11), min_length=1)
    channels: tuple[PositiveInt, ...] = Field(default=(32, 128, 512, 1024, 1024), min_length=1)
