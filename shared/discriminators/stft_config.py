"""What can be set about the STFT discriminator. Imports no torch."""

from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from shared.discriminators.config import DiscriminatorConfig


class StftDiscriminatorConfig(DiscriminatorConfig):
    """A discriminator for each STFT size; the defaults are EnCodec's at 24 kHz.

    Most of the work is in the first layers, on every bin of every frame: `overlap` 2 and `stem_stride` 2
    make it about four times as quick, for a CPU.
    """

    kind: Literal["stft"]
    n_ffts: tuple[PositiveInt, ...] = Field(default=(2048, 1024, 512), min_length=1)
    overlap: PositiveInt = 4  # hop = n_fft / overlap
    channels: PositiveInt = 32
    stem_stride: PositiveInt = 1  # of the first layer, in frequency
    dilations: tuple[PositiveInt, ...] = (1, 2, 4)  # of the next layers, in time
    stride: PositiveInt = Field(
        2, description="of those layers, in frequency; EnCodec: 2, stable-audio-tools since May 2025: 1"
    )

    @model_validator(mode="after")
    def _windows_have_a_hop(self) -> Self:
        if self.overlap > min(self.n_ffts):
            raise ValueError(f"overlap {self.overlap} is more than the {min(self.n_ffts)} samples of the least n_fft")
        return self
