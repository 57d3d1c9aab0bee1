"""What can be set about an autoencoder and its discriminator. Imports no torch."""

import math
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from shared.bottlenecks.config import GaussianConfig
from shared.config import Strict


class OobleckConfig(Strict):
    """Widths and strides, from the waveform inwards; the defaults are LongCat-AudioDiT's."""

    family: Literal["oobleck"]
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


class SpectralConfig(Strict):
    """Sizes of the spectral family; `hop = stft_hop · downsample`."""

    family: Literal["spectral"]
    n_fft: int = Field(gt=0)
    stft_hop: int = Field(gt=0, description="samples from one STFT frame to the next")
    downsample: int = Field(gt=0, description="STFT frames for each latent frame")
    width: int = Field(gt=0, description="channels at the STFT frame rate")
    latent_width: int = Field(gt=0, description="channels at the latent frame rate")
    depth: int = Field(ge=1, description="ConvNeXt blocks at the STFT frame rate, in encoder and decoder each")
    latent_depth: int = Field(ge=1, description="ConvNeXt blocks at the latent frame rate, likewise")

    @model_validator(mode="after")
    def _window_covers_hop(self):
        if self.n_fft < 2 * self.stft_hop or self.n_fft % 2:
            raise ValueError("n_fft must be even and at least 2 · stft_hop, or the iSTFT has gaps")
        return self

    @property
    def hop(self) -> int:
        """Samples for each latent frame."""
        return self.stft_hop * self.downsample


class DiscriminatorConfig(Strict):
    """A discriminator for each STFT size; the defaults are EnCodec's at 24 kHz.

    Most of the work is in the first layers, on every bin of every frame: `overlap` 2 and `stem_stride` 2
    make it about four times as quick, for a CPU.
    """

    n_ffts: tuple[PositiveInt, ...] = Field(default=(2048, 1024, 512), min_length=1)
    overlap: PositiveInt = 4  # hop = n_fft / overlap
    channels: PositiveInt = 32
    stem_stride: PositiveInt = 1  # of the first layer, in frequency
    dilations: tuple[PositiveInt, ...] = (1, 2, 4)  # of the next layers, in time; each has stride 2


class AutoencoderConfig(Strict):
    """Architecture and bottleneck: all that is needed to run a trained autoencoder."""

    architecture: OobleckConfig | SpectralConfig = Field(discriminator="family")
    bottleneck: GaussianConfig
