"""Claims of a paper as tests. Each relation has a margin that is positive exactly when the claim holds.

A claim is *reproduced* when the whole 95 % bootstrap interval of its margin is above zero, *contradicted*
when it is below, *inconclusive* when it covers zero, and *not testable at this scale* when a metric is
missing.
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from shared.bootstrap import Draws, interval
from shared.config import ConfigError, Strict, did_you_mean, load_yaml, parse
from shared.statistics.catalogue import find_statistic
from shared.statistics.scores import StudyScores

REPRODUCED, CONTRADICTED, INCONCLUSIVE = "reproduced", "contradicted", "inconclusive"
NOT_TESTABLE = "not testable at this scale"
ROUNDING = 1e-12  # a difference of equal rates leaves about 1e-17 in float64

TOLERANT = ("within", "hits_setting", "stays")
OF_TWO_METRICS = ("ranks_disagree", "stays", "inflates")
_LEAST_VARIANTS = {
    "better": 2,
    "within": 2,
    "increases": 2,
    "decreases": 2,
    "ranks_disagree": 2,
    "peaks_inside": 3,
    "hits_setting": 1,
    "stays": 1,
    "inflates": 1,
    "gap_widens": 4,
}


class Claim(Strict):
    """One sentence of a paper made testable; see the README for how to write one.

    Attributes:
        id: short name, unique in its source.
        study: whose variants it compares.
        text: the claim in words.
        where: section, figure or table that makes it.
        relation: `increases` and `decreases` hold between each two neighbours of `variants`; `better`
            compares the first with the second; `peaks_inside`: the best lies at neither end; `within`: all differ
            by at most `tolerance`; `ranks_disagree`: what is best by `metric` in reconstruction is not best by
            `against` in generation; `hits_setting`: the metric lies within a share of `tolerance` of what the study's
            axis sets for each variant; `gap_widens`: of `variants` in pairs, the first of a pair is better than the
            second by more from each pair to the next; `stays` and `inflates`: in each variant the metric differs by at
            most `tolerance` from what it is `against`, or is more, such as dims95 against dims95_before.
        metric: the metric compared.
        side: whose clips are measured (not for ranks_disagree, which uses both).
        variants: in the order that the relation speaks of.
        direction: which way the metric is better, if not the usual one.
        against: ranks_disagree's generation metric; of `stays` and `inflates`, another metric of the same side.
        in_words: the paper makes it without printing the numbers.
        tolerance: largest difference, in the metric's unit (`within`, `stays`) or as a share (`hits_setting`).
    """

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    study: str
    text: str
    where: str
    relation: Literal[
        "increases", "decreases", "better", "peaks_inside", "within", "ranks_disagree", "hits_setting", "gap_widens",
        "stays", "inflates",
    ]  # fmt: skip
    metric: str
    side: Literal["reconstruction", "generation"] | None = None
    variants: list[str]
    direction: Literal["higher", "lower"] | None = None
    against: str | None = None
    in_words: bool = False
    tolerance: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _fits_relation(self):
        least = _LEAST_VARIANTS[self.relation]
        if len(self.variants) < least or (self.relation == "better" and len(self.variants) != 2):
            raise ValueError(
                f"{self.relation} needs {'exactly' if self.relation == 'better' else 'at least'} "
                f"{least} variant{'s' if least > 1 else ''}"
            )
        if self.relation == "gap_widens" and len(self.variants) % 2:
            raise ValueError("gap_widens needs pairs of variants")
        if (self.tolerance is not None) != (self.relation in TOLERANT):
            raise ValueError(f"tolerance belongs to {' and '.join(TOLERANT)}, and they need it")
        if (self.against is not None) != (self.relation in OF_TWO_METRICS):
            raise ValueError(f"against belongs to {' and '.join(OF_TWO_METRICS)}, and they need it")
        if (self.side is None) != (self.relation == "ranks_disagree"):
            raise ValueError("side (reconstruction or generation) is needed, except by `ranks_disagree`")
        return self

    def needs(self) -> list[tuple[str, str]]:
        """The `(side, metric)` pairs that it is tested on."""
        if self.relation == "ranks_disagree":
            return [("reconstruction", self.metric), ("generation", self.against)]
        return [(self.side, metric) for metric in (self.metric, self.against) if metric is not None]


class ClaimsFile(Strict):
    """`claims.yaml`."""

    claims: list[Claim]


class Verdict(Strict):
    """What our runs say of a claim; margin and interval are in the metric's unit, empty if not tested."""

    id: str
    verdict: str
    margin: float | None
    low: float | None
    high: float | None
    seeds: int
    clips: int
    reason: str
    text: str
    where: str


def load_claims(path: Path, studies: dict[str, list[str]]) -> list[Claim]:
    """Read and check claims.yaml; no file, no claims.

    Args:
        path: the file.
        studies: study → its variants.

    Raises:
        ConfigError: a claim names what does not exist, or does not fit its relation.
    """
    if not Path(path).exists():
        return []
    claims = parse(ClaimsFile, load_yaml(path), str(path)).claims
    seen = set()
    for claim in claims:
        where = f"{path}: {claim.id}"
        if claim.id in seen:
            raise ConfigError(f"{where}: this id is used twice")
        seen.add(claim.id)
        if claim.study not in studies:
            raise ConfigError(f"{where}: no study {claim.study!r}{did_you_mean(claim.study, studies)}")
        for variant in claim.variants:
            if variant not in studies[claim.study]:
                hint = did_you_mean(variant, studies[claim.study])
                raise ConfigError(f"{where}: study {claim.study} has no variant {variant!r}{hint}")
        for _, metric in claim.needs():
            find_statistic(metric, where)
    return claims


def judge(
    claim: Claim, scores: StudyScores, draws: Draws, scale: str, settings: dict[str, Any] | None = None
) -> Verdict:
    """The verdict on one claim; `settings` are what the study's axis sets for each variant."""
    reason = (
        "smoke is no evidence"
        if scale == "smoke"
        else next(
            (
                scores.missing.get(need, f"{need[1]} is not computed")
                for need in claim.needs()
                if not scores.measured(*need)
            ),
            "",
        )
    )
    shape = {"seeds": len(scores.seeds), "clips": len(scores.clips)}
    common = {"id": claim.id, "text": claim.text, "where": claim.where, **shape}
    if reason:
        return Verdict(verdict=NOT_TESTABLE, margin=None, low=None, high=None, reason=reason, **common)
    rows = [scores.variants.index(variant) for variant in claim.variants]
    needs = claim.needs()
    asked = [(settings or {}).get(variant) for variant in claim.variants]
    margin = float(margin_of(claim, [scores.values(*need)[rows][:, None] for need in needs], asked)[0])
    low, high = interval(margin_of(claim, [scores.replicates(*need, draws)[rows] for need in needs], asked))
    note = "one seed: the interval leaves out training noise" if len(scores.seeds) == 1 else ""
    return Verdict(verdict=verdict_of(low, high), margin=margin, low=low, high=high, reason=note, **common)


def verdict_of(low: float, high: float) -> str:
    """Verdict from the interval of a margin; an end that is zero but for rounding is zero, and so inconclusive."""
    if low > ROUNDING:
        return REPRODUCED
    return CONTRADICTED if high < -ROUNDING else INCONCLUSIVE


def margin_of(claim: Claim, values: list[np.ndarray], settings: list[float] | None = None) -> np.ndarray:
    """Margin `(replicates,)` of a claim, positive where it holds.

    Args:
        claim: the claim.
        values: for each of `claim.needs()` the metric, `(variants, replicates)`.
        settings: of the study's axis, by variant; for `hits_setting`.
    """
    signs = [
        _sign(metric, claim.direction if claim.relation != "ranks_disagree" else None)
        for _, metric in claim.needs()
    ]
    first = values[0]
    if claim.relation == "increases":
        return np.diff(first, axis=0).min(axis=0)
    if claim.relation == "decreases":
        return -np.diff(first, axis=0).max(axis=0)
    if claim.relation == "within":
        return claim.tolerance - np.ptp(first, axis=0)
    if claim.relation == "hits_setting":
        return claim.tolerance - np.abs(first / np.array(settings)[:, None] - 1).max(axis=0)
    if claim.relation == "stays":
        return claim.tolerance - np.abs(first - values[1]).max(axis=0)
    if claim.relation == "inflates":
        return (first - values[1]).min(axis=0)
    good = [sign * each for sign, each in zip(signs, values, strict=True)]
    if claim.relation == "better":
        return good[0][0] - good[0][1]
    if claim.relation == "gap_widens":
        return np.diff(good[0][::2] - good[0][1::2], axis=0).min(axis=0)
    if claim.relation == "peaks_inside":
        return good[0][1:-1].max(axis=0) - np.maximum(good[0][0], good[0][-1])
    return _disagreement(*good)


def _disagreement(reconstruction: np.ndarray, generation: np.ndarray) -> np.ndarray:
    """How much better the best other variant generates than the one that reconstructs best."""
    best = reconstruction.argmax(axis=0)[None]
    own = np.take_along_axis(generation, best, axis=0)[0]
    others = generation.copy()
    np.put_along_axis(others, best, -np.inf, axis=0)
    return others.max(axis=0) - own


def _sign(metric: str, direction: str | None) -> int:
    higher = find_statistic(metric, "claim").higher_is_better if direction is None else direction == "higher"
    return 1 if higher else -1
