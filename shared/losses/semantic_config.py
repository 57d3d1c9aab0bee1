"""What can be set about the semantic regressors. Imports no torch."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from shared.config import Strict
from shared.losses.config import ShapingLossConfig


class ChromaBandConfig(Strict):
    """Pitch classes, heard in some octaves more than in others; in octaves from 27.5 Hz, the lowest A of a piano."""

    centre: float = Field(description="octave that weighs most")
    width: PositiveFloat = Field(description="standard deviation of the weight, in octaves")
    weight: PositiveFloat


class SemanticRegressorsConfig(ShapingLossConfig):
    """Linear maps from the latent to what can be heard in the signal, `shared.losses.semantic`; SAME's values."""

    kind: Literal["semantic"] = "semantic"
    chroma: tuple[ChromaBandConfig, ...] = (
        ChromaBandConfig(centre=1.0, width=1.0, weight=0.035),
        ChromaBandConfig(centre=5.0, width=1.5, weight=0.05),
        ChromaBandConfig(centre=9.0, width=1.0, weight=0.2),
    )
    chroma_bins: PositiveInt = Field(128, description="pitch classes of an octave")
    level_difference: NonNegativeFloat = Field(0.1, description="weight of the level difference between two channels")
    level_bands: PositiveInt = Field(32, description="mel bands of the level difference")

    def check(self, name: str, channels: int, examples: int) -> None:
        """See `ShapingLossConfig`."""
        if self.level_difference and channels != 2:
            raise ValueError(
                f"shaping.{name}.level_difference is of two channels, and the autoencoder has {channels}; set it to 0"
            )
