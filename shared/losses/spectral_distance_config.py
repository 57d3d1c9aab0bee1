"""What can be set about RAVE's spectral distance. Imports no torch."""

from typing import Annotated, Literal

from pydantic import Field

from shared.losses.config import SpectralTermConfig


class SpectralDistanceConfig(SpectralTermConfig):
    """RAVE's reconstruction loss, a term a window length; see `shared.losses.spectral_distance`."""

    kind: Literal["spectral_distance"] = "spectral_distance"
    n_ffts: tuple[Annotated[int, Field(ge=4, multiple_of=4)], ...] = Field((2048, 1024, 512, 256, 128), min_length=1)
    logarithm: Literal["l1_of_logs", "log_of_l1"] = Field(
        "l1_of_logs",
        description="the second term: L1 distance of log magnitudes, as in RAVE's released code, or log of the L1 "
        "distance, as in the paper. That one has no lower bound, and pulls the harder the nearer it gets",
    )
    bands: Annotated[int, Field(ge=2)] | None = Field(
        None, description="also of the bands of a filter bank, and their term is added; RAVE's released code: 16"
    )
