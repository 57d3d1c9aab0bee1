"""What can be set about discriminators: a model for each kind, named as the file beside this. Imports no torch."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from shared.config import Strict


class StftDiscriminatorConfig(Strict):
    """A discriminator for each STFT size; the defaults are EnCodec's at 24 kHz.

    Most of the work is in the first layers, on every bin of every frame: `overlap` 2 and `stem_stride` 2
    make it about four times as quick, for a CPU.
    """

    kind: Literal["stft"]
    n_ffts: tuple[PositiveInt, ...] = Field(default=(2048, 1024, 512), min_length=1)
    overlap: PositiveInt = 4  # hop = n_fft / overlap
    channels: PositiveInt = 32
    stem_stride: PositiveInt = 1  # of the first layer, in frequency
    dilations: tuple[PositiveInt, ...] = (1, 2, 4)  # of the next layers, in time; each has stride 2


class PeriodDiscriminatorConfig(Strict):
    """A discriminator for each period; the defaults are HiFi-GAN's, and DAC's and Semantic-VAE's."""

    kind: Literal["period"]
    periods: tuple[Annotated[int, Field(ge=2)], ...] = Field(default=(2, 3, 5, 7, 11), min_length=1)
    channels: tuple[PositiveInt, ...] = Field(default=(32, 128, 512, 1024, 1024), min_length=1)


class BandStftDiscriminatorConfig(Strict):
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


class CqtDiscriminatorConfig(Strict):
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


class WaveformDiscriminatorConfig(Strict):
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


DiscriminatorConfig = Annotated[
    StftDiscriminatorConfig
    | PeriodDiscriminatorConfig
    | BandStftDiscriminatorConfig
    | CqtDiscriminatorConfig
    | WaveformDiscriminatorConfig,
    Field(discriminator="kind"),
]
