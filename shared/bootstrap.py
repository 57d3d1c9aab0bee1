"""Paired hierarchical bootstrap over seeds and clips, on `(seeds × clips)` arrays.

A replicate draws seeds with replacement and clips with replacement, and uses the same draw for every variant
and metric, so that differences between variants are differences of pairs. Every statistic is a ratio of sums,
Σ numerator / Σ denominator: a mean over clips (denominator 1) or a corpus WER (denominator words).

With one seed only the clips are drawn: the interval then says nothing about training noise. With two or three
seeds it says a little, and is too narrow rather than too wide (resampling n values underestimates their
spread by √((n − 1)/n)).
"""

from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
REPLICATES = 4000
SET_REPLICATES = 1000  # where a metric of the set is bootstrapped: FAD takes an eigendecomposition for each


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


def ratio(terms: np.ndarray) -> np.ndarray:
    """`(..., 2, seeds, clips)` → `(...)`: Σ numerator / Σ denominator; NaN where nothing was scored."""
    return _divide(terms.sum(axis=(-2, -1)))


def replicate_ratios(terms: np.ndarray, draws: Draws) -> np.ndarray:
    """`(..., 2, seeds, clips)` → `(..., replicates)`: the ratio in each replicate."""
    over_clips = terms @ draws.clips.T  # (..., 2, seeds, replicates)
    return _divide(np.moveaxis((over_clips * draws.seeds.T).sum(axis=-2), -2, -1))


def interval(replicates: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Percentile interval of `(replicates,)`; NaN where any replicate is NaN."""
    if not np.isfinite(replicates).all():
        return float("nan"), float("nan")
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _divide(sums: np.ndarray) -> np.ndarray:
    """Numerator over denominator along the last axis; 0/0 is NaN."""
    top, bottom = sums[..., 0], sums[..., 1]
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)
