"""What can be set about the multi-band STFT discriminator. Imports no torch."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from shared.discriminators.config import DiscriminatorConfig


class BandStftDiscriminatorConfig(DiscriminatorConfig):
    """A discriminator for each STFT size; the defaults are DAC's, and Semantic-VAE's."""

    kind: Literal["band_stft"]
    n_ffts: tuple[Annotated[int, Field(ge=4, multiple_of=4)], ...] = Field(default=(2048, 1024, 512), min_length=1)
    bands: tuple[float, ...] = Field(
        default=(0.0, 0.1, 0.25, 0.5, 0.75, 1.0), min_length=2, description="edges, as shares of half the sampling rate"
    )
    channels: PositiveInt = 32

    @model_validator(mode="after")
    def _bands_hold_every_bin(self) -> Self:
        if self.bands[0] != 0 or self.bands[-1] != 1:
            raise ValueError(f"bands must begin at 0 and end at 1 (got {self.bands[0]:g} and {self.bands[-1]:g})")
        bins = min(self.n_ffts) // 2 + 1
        for low, high in pairwise(self.bands):
            if int(high * bins) <= int(low * bins):
                raise ValueError(f"band {low:g} to {high:g} holds no bin of n_fft {min(self.n_ffts)}")
        return self
