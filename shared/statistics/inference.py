"""What training runs say of a difference: its size, its standard error, and how sure the sign is.

The unit is a training run. A run's score (`Runs.values`) is a metric of all its test clips on the scale on which runs
vary alike (`Statistic.analysed`). A difference c of variants, Σ c_v (mean of v's runs), is uncertain for two reasons:
another training would score otherwise, and so would other clips. Its variance has a part for each, less what both hold
(multiway clustering: Cameron, Gelbach & Miller 2011, equation 2.11):

    V = V_training + V_clips - V_both, and at least the greater of the first two

V_training takes the variance of runs about their variant's mean, pooled over the study's variants, which share a recipe
(their spread is mostly alike on the analysed scale), so that few seeds still leave some degrees of freedom; where the
variants of the difference themselves vary more than that, it takes their own. Where variants share a training,
differences of runs with the same seed take its place. V_clips clusters clips by speaker. The reference is Student's t
with Satterthwaite's degrees of freedom (Welch 1947). One run says nothing of training: there is no test.
`benchmarks/verdicts.py` holds all of this against simulated truth (docs/STATISTICS.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy  # its parts are imported at their first use: plans need none

LEVEL = 0.95


@dataclass(frozen=True)
class Runs:
    """A metric of each training run, and how it varies over clips.

    Attributes:
        values: `(variants, seeds)`, on the analysed scale.
        deviations: `(variants, seeds, groups)`: products summed over groups are the covariance over draws of clips.
        shared: variants that share a training have the same number here, `(variants,)`.
    """

    values: np.ndarray
    deviations: np.ndarray
    shared: tuple[int, ...]

    def of(self, variants: Sequence[int]) -> "Runs":
        """These variants, in this order."""
        places = list(variants)
        return Runs(self.values[places], self.deviations[places], tuple(self.shared[place] for place in places))

    def less(self, other: "Runs") -> "Runs":
        """The difference of two metrics within each run."""
        return Runs(self.values - other.values, self.deviations - other.deviations, self.shared)

    def means(self) -> np.ndarray:
        """Of each variant, `(variants,)`."""
        return self.values.mean(axis=1)

    @cached_property
    def variances(self) -> np.ndarray:
        """Of each variant's runs, `(variants,)`; one claim asks for them in each of its differences."""
        return self.values.var(axis=1, ddof=1)


class Effect(NamedTuple):
    """A difference with its standard error and degrees of freedom; both are NaN of one run."""

    estimate: float
    error: float
    df: float

    def above(self, bound: float = 0.0) -> float:
        """p of one side: how often so great a difference would come of a true one that is `bound`."""
        return _tail(self.estimate - bound, self.error, self.df)

    def below(self, bound: float = 0.0) -> float:
        """The same of the other side."""
        return _tail(bound - self.estimate, self.error, self.df)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Two-sided."""
        if not np.isfinite(self.error):
            return np.nan, np.nan
        half = float(scipy.special.stdtrit(self.df, (1 + level) / 2)) * self.error
        return self.estimate - half, self.estimate + half


def contrast(runs: Runs, weights: Sequence[float] | np.ndarray) -> Effect:
    """Σ weights · means of the variants' runs.

    Args:
        runs: all variants of the study, also those of weight 0: they tell how much trainings vary.
        weights: `(variants,)`.
    """
    c = np.asarray(weights, dtype=float)
    estimate, seeds = float(c @ runs.means()), runs.values.shape[1]
    if seeds < 2:
        return Effect(estimate, np.nan, np.nan)
    training, df = _training(runs, c)
    clips, clip_df = _clips(runs, c)
    both = _both(runs, c)
    variance = float(np.max([training, clips, training + clips - both]))  # NaN if one is
    if variance <= 0:
        return Effect(estimate, 0.0, df)
    return Effect(estimate, float(np.sqrt(variance)), variance**2 / (training**2 / df + clips**2 / clip_df))


def interval_of_clips(runs: Runs, level: float = LEVEL) -> tuple[float, float] | None:
    """Of the one run of what is not trained, such as recordings; None of one clip or speaker."""
    variance, df = _clips(runs, np.ones(1))
    if runs.deviations.shape[2] < 2 or not np.isfinite(variance):
        return None
    return Effect(float(runs.values[0, 0]), float(np.sqrt(variance)), df).interval(level)


def training_variance(runs: Runs) -> tuple[float, int]:
    """The variance of trainings about their variant's mean, and its degrees of freedom.

    What is the same in every run, clip by clip, such as an autoencoder that nobody trained here, says nothing of them.
    """
    moves = (np.ptp(runs.values, axis=1) > 0) | (np.ptp(runs.deviations, axis=1) > 0).any(axis=1)
    trained = [each for each, moved in zip(runs.shared, moves, strict=True) if moved] or runs.shared
    trainings = list(dict.fromkeys(trained))
    of_training = [runs.variances[[each == training for each in runs.shared]].mean() for training in trainings]
    return float(np.mean(of_training)), len(trainings) * (runs.values.shape[1] - 1)


def _training(runs: Runs, c: np.ndarray) -> tuple[float, int]:
    used, seeds = [runs.shared[place] for place in np.flatnonzero(c)], runs.values.shape[1]
    if len(used) > len(set(used)):  # of one training: what it gave them in common falls out of the difference
        return float((c @ runs.values).var(ddof=1) / seeds), seeds - 1
    variance, df = training_variance(runs)
    own = float(c**2 @ runs.variances)
    return float(np.max([variance * float(c @ c), own])) / seeds, df


def _clips(runs: Runs, c: np.ndarray) -> tuple[float, float]:
    groups = runs.deviations.shape[2]
    by_group = c @ runs.deviations.mean(axis=1)
    return float(by_group @ by_group), max(groups - 1, 1)


def _both(runs: Runs, c: np.ndarray) -> float:
    """What of the clips' variance is another draw in each run, which the runs' spread holds as well."""
    seeds = runs.values.shape[1]
    own = np.einsum("v,vsg->sg", c, runs.deviations)
    residuals = own - own.mean(axis=0)
    return float((residuals**2).sum() / (seeds * (seeds - 1)))


class Outcome(NamedTuple):
    """What runs say of a claim.

    Attributes:
        holds: p of the hypothesis that it does not hold.
        fails: p of the hypothesis that it is not the opposite.
        effect: the difference that decides, in the direction of the claim.
    """

    holds: float
    fails: float
    effect: Effect


def all_of(ps: Iterable[float]) -> float:
    """p of a claim that holds where all its parts do: the greatest (intersection-union; Berger 1982)."""
    return float(np.max(list(ps)))  # NaN if one is: Python's own would depend on their order


def any_of(ps: Sequence[float]) -> float:
    """p of a claim that holds where one of its parts does: the least, times their number (Holm's first step)."""
    return float(np.minimum(1.0, len(ps) * np.min(ps)))


def least(effects: Sequence[Effect]) -> Effect:
    """The one that decides whether all are above zero: the least sure."""
    return max(effects, key=lambda each: (each.above() if np.isfinite(each.error) else 0.0, -each.estimate))


def every_one(effects: Sequence[Effect]) -> Outcome:
    """Whether all effects are above zero; the opposite is that one of them is below."""
    return Outcome(all_of(each.above() for each in effects), any_of([each.below() for each in effects]), least(effects))


def equal(effect: Effect, tolerance: float) -> float:
    """p of two one-sided tests that a difference is no greater than the tolerance (Schuirmann 1987)."""
    return all_of([effect.below(tolerance), effect.above(-tolerance)])


def unequal(effect: Effect, tolerance: float) -> float:
    """p of a difference that is greater than the tolerance, either way."""
    return any_of([effect.above(tolerance), effect.below(-tolerance)])


def equality(effects: Sequence[Effect], tolerance: float) -> Outcome:
    """Whether all differences are within the tolerance; what decides is what it leaves beyond the greatest of them."""
    most = max(effects, key=lambda each: abs(each.estimate))
    return Outcome(
        all_of(equal(each, tolerance) for each in effects),
        any_of([unequal(each, tolerance) for each in effects]),
        Effect(tolerance - abs(most.estimate), most.error, most.df),
    )


def _tail(excess: float, error: float, df: float) -> float:
    if error == 0:
        return 0.0 if excess > 0 else 1.0
    return float(scipy.special.stdtr(df, -excess / error))
