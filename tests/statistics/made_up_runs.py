"""Runs and claims that tests make up."""

from collections.abc import Sequence

import numpy as np

from shared.statistics.claims import Claim
from shared.statistics.inference import Outcome, Runs
from shared.statistics.relations.base import Measured, find_relation

AS_DRAWN = np.array([-1.0, 1.0])  # two runs about their mean, whose variance is 2


def made_runs(values, deviations=None, shared: Sequence[int] | None = None) -> Runs:
    """Runs `(variants, seeds)`; without deviations, clips add nothing."""
    values = np.asarray(values, dtype=float)
    none = np.zeros((*values.shape, 2))
    trainings = tuple(range(len(values))) if shared is None else tuple(shared)
    return Runs(values, none if deviations is None else np.asarray(deviations, dtype=float), trainings)


def about(means, spread: float = 0.1) -> Runs:
    """Two runs of each variant, as far from its mean in each."""
    return made_runs(np.asarray(means, dtype=float)[:, None] + spread * AS_DRAWN)


def made_claim(relation: str, metric: str = "sim", variants: Sequence[str] = "abc", **more) -> Claim:
    """A claim of study s."""
    if relation != "ranks_disagree":
        more.setdefault("side", "generation")
    if "tolerance" in more:
        more.setdefault("control", ["y", "z"])
    common = {"id": "x", "study": "s", "text": "t", "where": "w", "relation": relation, "metric": metric}
    return Claim(**common, variants=list(variants), **more)


def outcome(claim: Claim, *runs: Runs, signs: Sequence[int] = (1, 1), settings: Sequence[float] = ()) -> Outcome:
    """What runs of the claim's variants, in its order, say of it."""
    places = list(range(len(claim.variants)))
    measured = [Measured(each, places, sign, settings) for each, sign in zip(runs, signs, strict=False)]
    return find_relation(claim.relation).test(claim, measured)
