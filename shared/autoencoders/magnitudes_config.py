"""What can be set about magnitudes without phases at the outer end of a family. Imports no torch."""

from pydantic import Field, NonNegativeInt, PositiveFloat

from shared.config import Strict


class MagnitudesConfig(Strict):
    """Magnitudes in and out, no phases: they are found after decoding; see `shared.autoencoders.magnitudes`."""

    floor: PositiveFloat = Field(0.03, description="below it a magnitude is seen linearly, above it by its logarithm")
    iterations: NonNegativeInt = Field(4, description="of Griffin-Lim, after decoding")
