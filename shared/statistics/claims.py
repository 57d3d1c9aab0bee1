"""Claims of a paper as tests: what the training runs say of each, once it can be asked of them at all.

A claim is *reproduced* when the hypothesis that it does not hold is rejected, *contradicted* when the hypothesis that
it is not the opposite is, each at 2.5 %; else it is *inconclusive*. With one training run it is a *pilot*, which has a
value and no verdict. It is *not testable here* when a gate (`gates`) is shut, such as a metric that is missing or at
its ceiling.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from shared.config import DISTINCT, ConfigError, Strict, did_you_mean, parse
from shared.statistics.catalogue import find_statistic
from shared.statistics.inference import Outcome
from shared.statistics.looks import FUTILE, LOOKS, conditional_power, level
from shared.statistics.relations.base import Measured, find_relation, known_relation, sign_of
from shared.statistics.scores import StudyScores
from shared.yaml_file import load_yaml

REPRODUCED, CONTRADICTED, INCONCLUSIVE, PILOT = "reproduced", "contradicted", "inconclusive", "pilot"
NOT_TESTABLE = "not testable here"
NO_VALUE = "a run has no value on the scale of the test"


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
        control: where it does, variants of the study for which the claim would be false, as the data must show: so that
            a claim of no difference can fail.
        origin: whether the paper makes it, or we do.
        primary: the one that its source is read for; the others are corrected for their number.
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
    control: Annotated[list[str], DISTINCT] | None = None
    origin: Literal["paper", "ours"] = "paper"
    primary: bool = False

    @model_validator(mode="after")
    def _fits_relation(self):
        if problem := find_relation(self.relation).problem(self):
            raise ValueError(problem)
        if self.primary and self.origin != "paper":
            raise ValueError("primary is of the paper's own claims")
        return self

    def needs(self) -> list[tuple[str, str]]:
        """The `(side, metric)` pairs that it is tested on."""
        return find_relation(self.relation).needs(self)


class ClaimsFile(Strict):
    """`claims.yaml`."""

    claims: list[Claim]


class Verdict(Strict):
    """What our runs say of a claim.

    Attributes:
        margin, low, high: the difference that decides and its 95 % interval, positive where the claim holds, on the
            scale of the test; None where there is none.
        scale: `plain`, the metric's unit; `points`, the same of a rate; `log`, of which exp is a ratio; `fisher_z`;
            `share` of a setting.
        holds, fails: p of the hypotheses that it does not hold, and that it is not the opposite.
        seeds: training runs of each variant that it rests on.
        look: which of the looks that were set beforehand decided, or the last one so far; None: there was one, which
            was not.
        clips: test clips.
    """

    FROM_TEXT: ClassVar[bool] = True

    id: str
    verdict: str
    margin: float | None
    low: float | None
    high: float | None
    scale: str | None
    holds: float | None
    fails: float | None
    seeds: int
    look: int | None
    clips: int
    origin: str
    primary: bool
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
    seen: set[str] = set()
    for claim in claims:
        where = f"{path}: {claim.id}"
        if claim.id in seen:
            raise ConfigError(f"{where}: this id is used twice")
        seen.add(claim.id)
        if claim.study not in studies:
            raise ConfigError(f"{where}: no study {claim.study!r}{did_you_mean(claim.study, studies)}")
        for variant in (*claim.variants, *(claim.control or ())):
            if variant not in studies[claim.study]:
                hint = did_you_mean(variant, studies[claim.study])
                raise ConfigError(f"{where}: study {claim.study} has no variant {variant!r}{hint}")
        for _, metric in claim.needs():
            low, high = find_statistic(metric, where).bounds
            of_unit = not find_relation(claim.relation).of_setting
            if claim.tolerance is not None and of_unit and claim.tolerance >= high - low:
                problem = f"{metric} can't differ by more; it can't fail"
                raise ConfigError(f"{where}: tolerance {claim.tolerance:g}: {problem}")
    if len(primary := [claim.id for claim in claims if claim.primary]) > 1:
        raise ConfigError(f"{path}: {primary[0]} and {primary[1]} are both primary; a source is read for one")
    return claims


def judge(
    claim: Claim,
    scores: StudyScores,
    scale: str,
    settings: Mapping[str, Any] | None = None,
    shut: str | None = None,
    sequential: bool = False,
    pilot: bool = False,
) -> Verdict:
    """The verdict on one claim.

    Args:
        claim: the claim.
        scores: of its study.
        scale: of which smoke is no evidence.
        settings: what the study's axis sets for each variant.
        shut: why it can't be tested here (`gates`).
        sequential: the seeds are those of a look, and the earlier looks are looked at first.
        pilot: the clips are those that recipes are tuned on.
    """
    reason = "smoke is no evidence" if scale == "smoke" else missing(claim, scores) or shut
    if reason:
        return _verdict(claim, scores, NOT_TESTABLE, reason=reason)
    seeds = len(scores.seeds)
    if pilot or seeds < (LOOKS[0] if sequential else 2):
        found = asked(claim, scores, settings)
        if not np.isfinite(found.effect.estimate):
            return _verdict(claim, scores, NOT_TESTABLE, reason=NO_VALUE)
        reason = "one training run" if seeds == 1 else f"{seeds} training runs; the first look is at {LOOKS[0]}"
        reason = "validation clips" if pilot else reason
        return _verdict(claim, scores, PILOT, found, reason=reason)
    looks = [count for count in LOOKS if count <= seeds] if sequential else [seeds]
    for look, count in enumerate(looks, start=1):
        found = asked(claim, scores, settings, first=count)
        if not np.isfinite([found.holds, found.fails]).all():
            return _verdict(claim, scores, NOT_TESTABLE, reason=NO_VALUE)
        number = look if sequential else None
        verdict, note = _decide(found, number)
        if verdict != INCONCLUSIVE or note or count == looks[-1]:
            return _verdict(claim, scores, verdict, found, count, number, note)
    raise AssertionError("a last look decides")


def _decide(found: Outcome, look: int | None) -> tuple[str, str]:
    """The verdict of a look, and why it is the last one where it decides nothing."""
    verdict = decided(found.holds, found.fails, level(look))
    if verdict != INCONCLUSIVE or look is None or look == len(LOOKS):
        return verdict, ""
    futile = max(conditional_power(p, look) for p in (found.holds, found.fails)) < FUTILE
    return INCONCLUSIVE, f"given up at look {look}: a verdict has become unlikely" if futile else ""


def decided(holds: float, fails: float, level: float) -> str:
    """The verdict of two p at a level of one side."""
    return REPRODUCED if holds < level else CONTRADICTED if fails < level else INCONCLUSIVE


def missing(claim: Claim, scores: StudyScores) -> str | None:
    """Why some value that it compares is not there, or None."""
    for name in (*claim.variants, *(claim.control or ())):
        if name not in scores.variants:
            return f"{name} is not in the record"
    lacking = (need for need in claim.needs() if not scores.measured(*need))
    return next((scores.missing.get(need, f"{need[1]} is not computed") for need in lacking), None)


def asked(
    claim: Claim,
    scores: StudyScores,
    settings: Mapping[str, Any] | None = None,
    variants: list[str] | None = None,
    first: int | None = None,
) -> Outcome:
    """What the first so many seeds say of a claim, or of its control if these are the `variants`."""
    relation, names = find_relation(claim.relation), variants or claim.variants
    places = [scores.variants.index(name) for name in names]
    measured = []
    for side, metric in claim.needs():
        runs = scores.runs(side, metric, relation.plain, first)
        given = [settings[name] for name in names] if settings else ()
        measured.append(Measured(runs, places, sign_of(claim, metric), given))
    return relation.test(claim, measured) if variants is None else relation.control(claim, measured)


def _verdict(
    claim: Claim,
    scores: StudyScores,
    verdict: str,
    found: Outcome | None = None,
    seeds: int | None = None,
    look: int | None = None,
    reason: str = "",
) -> Verdict:
    numbers: dict[str, float | None] = dict.fromkeys(("margin", "low", "high", "holds", "fails"))
    relation = find_relation(claim.relation)
    if found is not None:
        margin, (low, high) = found.effect.estimate, found.effect.interval()
        every = {"margin": margin, "low": low, "high": high, "holds": found.holds, "fails": found.fails}
        numbers |= {name: float(value) for name, value in every.items() if np.isfinite(value)}
    own = find_statistic((claim.against if relation.both_sides else None) or claim.metric, claim.id)
    plain = "points" if own.percent else "plain"
    tested = plain if relation.plain or own.analysed == "plain" else own.analysed
    scale = "share" if relation.of_setting else tested
    return Verdict(
        id=claim.id, verdict=verdict, **numbers, scale=None if found is None else scale,
        seeds=len(scores.seeds) if seeds is None else seeds, look=look, clips=len(scores.clips),
        origin=claim.origin, primary=claim.primary, reason=reason, text=claim.text, where=claim.where,
    )  # fmt: skip
