"""What can be set about an autoencoder. Imports no torch."""

import math
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from shared.autoencoders.rave_config import RaveConfig
from shared.autoencoders.resampling_config import ResamplingConfig
from shared.bottlenecks.config import GaussianConfig, SigmaConfig, SoftNormConfig
from shared.config import Strict


class OobleckConfig(Strict):
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


class SpectralConfig(Strict):
    """Sizes of the spectral family; `hop = stft_hop · downsample`."""

    family: Literal["spectral"]
    # Left out of the JSON where it is the default: a run's folder is named after a hash of it.
    audio_channels: PositiveInt = Field(1, exclude_if=lambda channels: channels == 1)
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


class CausalSpectrumConfig(Strict):
    """Spectra of frames in place of the waveform, at the outer end of the causal family."""

    n_fft: PositiveInt
    hop: PositiveInt = Field(description="samples between frames; a latent frame has as many frames as strides make")

    @model_validator(mode="after")
    def _window_covers_hop(self) -> Self:
        if self.n_fft < 2 * self.hop or self.n_fft % 2:
            raise ValueError(f"n_fft must be even and at least 2 · hop (got {self.n_fft} for a hop of {self.hop})")
        return self


class CausalConfig(Strict):
    """Sizes from the waveform inwards, mirrored in the decoder; the defaults are VibeVoice's acoustic tokenizer's."""

    family: Literal["causal"]
    channels: PositiveInt = Field(32, description="at the outer end; doubled at each stride")
    strides: tuple[Annotated[int, Field(ge=2)], ...] = Field(default=(2, 2, 4, 5, 5, 8), min_length=1)
    depths: tuple[NonNegativeInt, ...] = Field((3, 3, 3, 3, 3, 3, 8), description="blocks at each rate")
    kernel: PositiveInt = Field(7, description="of the depthwise convolutions, and of the one beside the waveform")
    latent_kernel: PositiveInt = Field(7, description="of the convolutions beside the latent")
    latent_norm: bool = Field(False, description="whether an RMSNorm goes before the encoder's last convolution")
    expansion: PositiveInt = Field(4, description="of a block's pointwise layers")
    layer_scale: PositiveFloat = Field(1e-6, description="initial factor of each residual branch, trained by channel")
    initial_std: PositiveFloat | None = Field(
        0.01, description="of the weights of linear layers and convolutions; none: as PyTorch draws them"
    )
    spectrum: CausalSpectrumConfig | None = Field(None, description="what a CPU trains quickly; none: the waveform")

    @model_validator(mode="after")
    def _a_depth_for_each_rate(self) -> Self:
        if len(self.depths) != len(self.strides) + 1:
            raise ValueError(f"{len(self.depths)} depths for {len(self.strides)} strides: there must be one more")
        return self

    @property
    def audio_channels(self) -> int:
        """This family is mono."""
        return 1

    @property
    def hop(self) -> int:
        """Samples a latent frame."""
        return math.prod(self.strides) * (self.spectrum.hop if self.spectrum else 1)

    @property
    def widths(self) -> list[int]:
        """Channels at each rate, outermost first."""
        return [self.channels * 2**index for index in range(len(self.depths))]


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


class DacConfig(Strict):
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


def _gaussian_unless_named(bottleneck: Any) -> Any:
    return {"kind": "gaussian"} | bottleneck if isinstance(bottleneck, dict) else bottleneck


class AutoencoderConfig(Strict):
    """Architecture and bottleneck: all that is needed to run a trained autoencoder."""

    architecture: OobleckConfig | SpectralConfig | DacConfig | CausalConfig | RaveConfig | ResamplingConfig = Field(
        discriminator="family"
    )
    bottleneck: Annotated[
        GaussianConfig | SigmaConfig | SoftNormConfig,
        Field(discriminator="kind"),
        BeforeValidator(_gaussian_unless_named),
    ]

    @model_validator(mode="after")
    def _projection_suits_the_bottleneck(self) -> Self:
        projection = getattr(self.architecture, "projection", None)
        if self.bottleneck.kind != "gaussian" and projection in ("attention", "grouped"):
            raise ValueError(f"projection {projection} makes a mean and a scale: it goes with a gaussian bottleneck")
        return self
