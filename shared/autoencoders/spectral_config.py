"""What can be set about the spectral autoencoder. Imports no torch."""

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from shared.autoencoders.config import ArchitectureConfig
from shared.autoencoders.magnitudes_config import MagnitudesConfig


class SpectralConfig(ArchitectureConfig):
    """Sizes of the spectral family; `hop = stft_hop · downsample`."""

    family: Literal["spectral"]
    audio_channels: PositiveInt = 1
    n_fft: int = Field(gt=0)
    stft_hop: int = Field(gt=0, description="samples from one STFT frame to the next")
    downsample: int = Field(gt=0, description="STFT frames for each latent frame")
    width: int = Field(gt=0, description="channels at the STFT frame rate")
    latent_width: int = Field(gt=0, description="channels at the latent frame rate")
    depth: int = Field(ge=1, description="ConvNeXt blocks at the STFT frame rate, in encoder and decoder each")
    latent_depth: int = Field(ge=1, description="ConvNeXt blocks at the latent frame rate, likewise")
    magnitudes: MagnitudesConfig | None = Field(
        None, description="magnitudes alone, whose phases are found after decoding; none: both are predicted"
    )

    @model_validator(mode="after")
    def _window_covers_hop(self):
        if self.n_fft < 2 * self.stft_hop or self.n_fft % 2:
            raise ValueError("n_fft must be even and at least 2 · stft_hop, or the iSTFT has gaps")
        return self

    @property
    def hop(self) -> int:
        """Samples for each latent frame."""
        return self.stft_hop * self.downsample

    @property
    def makes_magnitudes(self) -> bool:
        """See `ArchitectureConfig`."""
        return self.magnitudes is not None
