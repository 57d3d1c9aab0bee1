"""What can be set about the straight path: nothing. Imports no torch."""

from typing import Literal

from shared.generators.paths.config import PathConfig


class LinearPathConfig(PathConfig):
    """Flow matching: a straight line from noise to data."""

    kind: Literal["linear"]
