"""What can be set about the causal autoencoder. Imports no torch."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from shared.autoencoders.config import ArchitectureConfig
from shared.autoencoders.magnitudes_config import MagnitudesConfig
from shared.config import Strict


class CausalSpectrumConfig(Strict):
    """Spectra of frames in place of the waveform, at the outer end of the causal family."""

    n_fft: PositiveInt
    hop: PositiveInt = Field(description="samples between frames; a latent frame has as many frames as strides make")
    magnitudes: MagnitudesConfig | None = Field(
        None, description="magnitudes alone, whose phases are found after decoding; none: both are predicted"
    )

    @model_validator(mode="after")
    def _window_covers_hop(self) -> Self:
        if self.n_fft < 2 * self.hop or self.n_fft % 2:
            raise ValueError(f"n_fft must be even and at least 2 · hop (got {self.n_fft} for a hop of {self.hop})")
        return self


class CausalConfig(ArchitectureConfig):
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
    def makes_magnitudes(self) -> bool:
        """See `ArchitectureConfig`."""
        return self.spectrum is not None and self.spectrum.magnitudes is not None

    @property
    def widths(self) -> list[int]:
        """Channels at each rate, outermost first."""
        return [self.channels * 2**index for index in range(len(self.depths))]
