"""What is measured of a latent by test clip, each in a job of its own: the kinds, and the columns that each fills.

Imports nothing heavy.
"""

from typing import Literal, get_args

from shared.metrics.names import TRUNCATED

ByClip = Literal["truncation"]
BY_CLIP: tuple[ByClip, ...] = get_args(ByClip)

COLUMNS: dict[ByClip, tuple[str, ...]] = {
    "truncation": tuple(f"{name}{fidelity}" for name in ("spectral", "mel") for fidelity in TRUNCATED),
}
