"""What can be set about SAME's spectral distances. Imports no torch."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, model_validator

from shared.losses.config import Resolution, SpectralTermConfig


class ComplexStftConfig(SpectralTermConfig):
    """Distances of complex spectrograms, phase included, as SAME has them; see `shared.losses.complex_stft`."""

    kind: Literal["complex_stft"] = "complex_stft"
    resolutions: tuple[Resolution, ...] = Field(
        min_length=1, description="the hop divides n_fft, at least twice; a window of its own is not for these"
    )
    contrast: NonNegativeFloat = 1.0
    log_magnitude: NonNegativeFloat = 1.0
    phase: NonNegativeFloat = Field(1.0, description="off in the released code unless asked for; SAME's is not known")

    @model_validator(mode="after")
    def _windows_are_tight(self):
        for resolution in self.resolutions:
            if resolution.window not in (None, resolution.n_fft):
                raise ValueError(f"complex_stft: the window is as long as n_fft {resolution.n_fft}; leave window out")
        return self
