"""What can be set about the cosine path. Imports no torch."""

from typing import Literal

from pydantic import Field

from shared.generators.paths.config import PathConfig


class CosinePathConfig(PathConfig):
    """Diffusion with v-prediction on a cosine schedule."""

    kind: Literal["cosine"]
    log_snr_shift: float = Field(
        0.0, description="added to ln(α² / σ²) at every time; below 0 there is more noise (2 ln s in simple diffusion)"
    )
