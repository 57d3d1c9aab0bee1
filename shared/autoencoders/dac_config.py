"""What can be set about DAC's autoencoder. Imports no torch."""

import math
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from shared.autoencoders.config import ArchitectureConfig
from shared.bottlenecks.config import BottleneckConfig
from shared.config import Strict


class DacDecoderConfig(Strict):
    """The encoder's mirror image; the default is DAC's."""

    kind: Literal["dac"]
    channels: PositiveInt = Field(1536, description="at the latent's side; halved at each stride")


class BigvganDecoderConfig(Strict):
    """BigVGAN's generator; the defaults are those of Semantic-VAE at 16 kHz and 40 Hz."""

    kind: Literal["bigvgan"]
    channels: PositiveInt = Field(1024, description="at the latent's side; halved at each stride")
    strides: tuple[PositiveInt, ...] = Field(default=(5, 5, 2, 2, 2, 2), min_length=1)
    kernels: tuple[PositiveInt, ...] = Field((9, 9, 4, 4, 4, 4), description="of the transposed convolutions")
    resblock_kernels: tuple[PositiveInt, ...] = Field((3, 7, 11), min_length=1, description="AMP blocks in parallel")
    resblock_dilations: tuple[PositiveInt, ...] = Field((1, 3, 5), min_length=1, description="layers of each of them")

    @model_validator(mode="after")
    def _lengths_are_exact(self) -> Self:
        if len(self.kernels) != len(self.strides):
            raise ValueError(f"{len(self.kernels)} kernels for {len(self.strides)} strides")
        for kernel, stride in zip(self.kernels, self.strides, strict=True):
            if kernel < stride or (kernel - stride) % 2:
                raise ValueError(f"kernel {kernel} for stride {stride}: it must be as long or longer by an even number")
        if even := [kernel for kernel in self.resblock_kernels if kernel % 2 == 0]:
            raise ValueError(f"resblock_kernels must be odd, or they shift the signal (got {even[0]})")
        return self


class MelInputConfig(Strict):
    """A log-mel spectrogram at the latent frame rate that is added to the encoder's output (Target-KL)."""

    sample_rate: PositiveInt
    n_mels: PositiveInt = 80
    n_fft: PositiveInt

    @model_validator(mode="after")
    def _bands_have_bins(self) -> Self:
        if self.n_mels > self.n_fft // 2 + 1:
            raise ValueError(f"n_mels {self.n_mels} is more than the {self.n_fft // 2 + 1} bins of n_fft {self.n_fft}")
        return self


class DacConfig(ArchitectureConfig):
    """DAC's encoder, before one of two decoders; the defaults are DAC's at 44.1 kHz."""

    family: Literal["dac"]
    audio_channels: PositiveInt = 1
    channels: PositiveInt = Field(64, description="at the waveform's side; doubled at each stride")
    strides: tuple[Annotated[int, Field(ge=2)], ...] = Field(default=(2, 4, 8, 8), min_length=1)
    projection: Literal["convolution", "attention"] = Field(
        "convolution",
        description="to the bottleneck: the last convolution itself, or Semantic-VAE's causal attention after it",
    )
    heads: PositiveInt = Field(8, description="of the attention")
    mel_input: MelInputConfig | None = None
    decoder: Annotated[DacDecoderConfig | BigvganDecoderConfig, Field(discriminator="kind")]

    @model_validator(mode="after")
    def _check(self) -> Self:
        strides = self.decoder.strides if isinstance(self.decoder, BigvganDecoderConfig) else self.strides
        if math.prod(strides) != self.hop:
            raise ValueError(
                f"decoder.strides multiply to {math.prod(strides)}, the encoder's strides to {self.hop}: "
                "a reconstruction would not be as long as its waveform"
            )
        if self.decoder.channels % 2 ** len(strides):
            raise ValueError(f"decoder.channels {self.decoder.channels} can't be halved {len(strides)} times")
        if self.audio_channels > 1 and (self.mel_input or isinstance(self.decoder, BigvganDecoderConfig)):
            raise ValueError(
                f"audio_channels {self.audio_channels}: mel_input and the bigvgan decoder are mono; leave mel_input "
                "out and set decoder.kind: dac"
            )
        if self.projection == "attention" and self.width % self.heads:
            raise ValueError(f"attention: {self.width} channels can't be split into {self.heads} heads")
        if self.mel_input and not self.hop <= self.mel_input.n_fft <= 3 * self.hop - 2:
            raise ValueError(
                f"mel_input.n_fft {self.mel_input.n_fft}: at a hop of {self.hop} it must lie in "
                f"{self.hop} to {3 * self.hop - 2}, or frames leave gaps or a clip of one hop can't be mirrored"
            )
        return self

    @property
    def hop(self) -> int:
        """Samples a latent frame."""
        return math.prod(self.strides)

    @property
    def width(self) -> int:
        """Channels beside the latent."""
        return self.channels * 2 ** len(self.strides)

    @property
    def stages(self) -> list[tuple[int, int]]:
        """Channels at the waveform's side and at the latent's side of each strided block, outermost first."""
        return list(pairwise(self.channels * 2**index for index in range(len(self.strides) + 1)))

    def check(self, bottleneck: BottleneckConfig) -> None:
        """See `ArchitectureConfig`."""
        if self.projection == "attention" and not bottleneck.learns_scale:
            raise ValueError("projection attention makes a mean and a scale: it goes with a gaussian bottleneck")
