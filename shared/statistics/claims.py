"""Claims of a paper as tests. The relation that a claim states has a margin, positive exactly when the claim holds.

A claim is *reproduced* when the whole 95 % bootstrap interval of its margin is above zero, *contradicted*
when it is below, *inconclusive* when it covers zero, and *not testable at this scale* when a metric is
missing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from shared.bootstrap import Draws, interval
from shared.config import DISTINCT, ConfigError, Strict, did_you_mean, parse
from shared.statistics.catalogue import find_statistic
from shared.statistics.relations.base import find_relation, known_relation
from shared.statistics.scores import StudyScores
from shared.yaml_file import load_yaml

REPRODUCED, CONTRADICTED, INCONCLUSIVE = "reproduced", "contradicted", "inconclusive"
NOT_TESTABLE = "not testable at this scale"
ROUNDING = 1e-12  # a difference of equal rates leaves about 1e-17 in float64


class Claim(Strict):
    """One sentence of a paper made testable; see the README for how to write one.

    Attributes:
        id: short name, unique in its source.
        study: whose variants it compares.
        text: the claim in words.
        where: section, figure or table that makes it.
        relation: a name of `shared.statistics.relations`, whose modules say what each means.
        metric: the metric compared.
        side: whose clips are measured; None where the relation is of both sides.
        variants: in the order that the relation speaks of.
        direction: which way the metric is better, if not the usual one.
        against: another metric, where the relation compares two.
        in_words: the paper makes it without printing the numbers.
        tolerance: largest difference, where the relation allows for one.
    """

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    study: str
    text: str
    where: str
    relation: Annotated[str, AfterValidator(known_relation)]
    metric: str
    side: Literal["reconstruction", "generation"] | None = None
    variants: Annotated[list[str], DISTINCT]
    direction: Literal["higher", "lower"] | None = None
    against: str | None = None
    in_words: bool = False
    tolerance: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _fits_relation(self):
        if problem := find_relation(self.relation).problem(self):
            raise ValueError(problem)
        return self

    def needs(self) -> list[tuple[str, str]]:
        """The `(side, metric)` pairs that it is tested on."""
        return find_relation(self.relation).needs(self)


class ClaimsFile(Strict):
    """`claims.yaml`."""

    claims: list[Claim]


class Verdict(Strict):
    """What our runs say of a claim; margin and interval are in the metric's unit, empty if not tested."""

    FROM_TEXT: ClassVar[bool] = True

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
    asked = [settings[variant] for variant in claim.variants] if settings else ()
    margin = float(margin_of(claim, [scores.values(*need)[rows][:, None] for need in needs], asked)[0])
    low, high = interval(margin_of(claim, [scores.replicates(*need, draws)[rows] for need in needs], asked))
    note = "one seed: the interval leaves out training noise" if len(scores.seeds) == 1 else ""
    return Verdict(verdict=verdict_of(low, high), margin=margin, low=low, high=high, reason=note, **common)


def verdict_of(low: float, high: float) -> str:
    """Verdict from the interval of a margin; an end that is zero but for rounding is zero, and so inconclusive."""
    if low > ROUNDING:
        return REPRODUCED
    return CONTRADICTED if high < -ROUNDING else INCONCLUSIVE


def margin_of(claim: Claim, values: list[np.ndarray], settings: Sequence[float] = ()) -> np.ndarray:
    """Margin `(replicates,)` of a claim, positive where it holds.

    Args:
        claim: the claim.
        values: for each of `claim.needs()` the metric, `(variants, replicates)`.
        settings: what the study's axis sets, by variant.
    """
    return find_relation(claim.relation).margin(claim, values, settings)
