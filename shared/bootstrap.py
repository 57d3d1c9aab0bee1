"""Bootstrap over clips, for jobs that measure latents: what they measure is no mean of values by clip.

A replicate draws clips with replacement, the same in all latents that are compared, so that differences are of pairs.
What a study says of its trainings comes of its runs instead (`shared.statistics.inference`).
"""

from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
REPLICATES = 4000
SET_REPLICATES = 1000  # of a latent, of which each takes an eigendecomposition


@dataclass(frozen=True)
class Draws:
    """How often each seed `(replicates, seeds)` and clip `(replicates, clips)` is drawn in each replicate."""

    seeds: np.ndarray
    clips: np.ndarray


def draw(seeds: int, clips: int, replicates: int = REPLICATES, rng_seed: int = 0) -> Draws:
    """Draw seeds and clips with replacement."""
    rng = np.random.default_rng(rng_seed)
    return Draws(
        rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=replicates).astype(float),
        rng.multinomial(clips, np.full(clips, 1 / clips), size=replicates).astype(float),
    )


def interval(replicates: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Percentile interval of `(replicates,)`; NaN where any replicate is NaN."""
    if not np.isfinite(replicates).all():
        return float("nan"), float("nan")
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
