"""Does the latent that reconstructs best generate best? Ranks of a study's latents by both, and Kendall's tau.

A study holds the generator and its training fixed and changes the latent. Each pair of its latents either is ordered
the same way by reconstruction and by generation (concordant) or not (discordant):

    tau = (concordant - discordant) / pairs        (Kendall's tau-a; a tie counts as neither)

over one study, or over the pairs of several. 1: the better reconstruction always generates better; -1: always worse.
Intervals are of the paired bootstrap over clips and seeds (`bootstrap`): they say how sure the order of *these* latents
is, not what another study would find.
"""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from shared.bootstrap import LEVEL, Draws, draw
from shared.config import ConfigError
from shared.record.files import NotRecorded, SourceRecord, StudyRecord
from shared.record.manifest import SCORES
from shared.statistics.catalogue import STATISTICS
from shared.statistics.scores import GROUND_TRUTH, StudyScores, load_study

# By what a study's latents are ranked: the first of these that it has per clip. Chosen before any tau was computed:
# PESQ is what most of the papers print, WER what all of them that make speech do.
RECONSTRUCTION = ("pesq", "mel_distance", "stoi")
GENERATION = ("wer", "text_similarity")
SIDES = ("reconstruction", "generation")
Pair = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Ranked:
    """A study's latents, how good they are, and in each replicate.

    Attributes:
        source, study: whose.
        metrics: of reconstruction and of generation.
        labels, variants: of each latent.
        seeds, clips: how many.
        good: both metrics, higher is better, `(2, latents)`.
        replicates: the same in each replicate, `(2, latents, replicates)`.
    """

    source: str
    study: str
    metrics: tuple[str, str]
    labels: list[str]
    variants: list[str]
    seeds: int
    clips: int
    good: np.ndarray
    replicates: np.ndarray

    def ranks(self) -> np.ndarray:
        """Rank of each latent by both metrics, 1 is the best, with the interval's ends: `(2, latents, 3)`."""
        ends = np.quantile(ranks_of(self.replicates), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=-1)
        return np.stack([ranks_of(self.good[..., None])[..., 0], *ends], axis=-1)

    def pairs(self) -> list[Pair]:
        """What names each pair of latents, whichever studies of the source show it."""
        return [(self.source, *self.metrics, min(pair), max(pair)) for pair in combinations(self.variants, 2)]


@dataclass(frozen=True)
class Tau:
    """Kendall's tau-a with its interval, and over how many pairs of latents."""

    value: float
    low: float
    high: float
    pairs: int


def ranks_of(good: np.ndarray) -> np.ndarray:
    """Rank of each latent in `(2, latents, replicates)`: 1 + how many are better; ties share the better rank."""
    return 1 + (good[:, None] > good[:, :, None]).sum(axis=2)


def agreement(good: np.ndarray) -> np.ndarray:
    """`(2, latents, replicates)` → `(pairs, replicates)`: 1 where both metrics order a pair alike, -1 where not."""
    first, second = np.triu_indices(good.shape[1], k=1)
    return np.prod(np.sign(good[:, first] - good[:, second]), axis=0)


def tau(signs: np.ndarray, replicates: np.ndarray) -> Tau:
    """From the agreement of pairs `(pairs,)`, and in each replicate `(pairs, replicates)`."""
    low, high = np.quantile(replicates.mean(axis=0), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Tau(float(signs.mean()), float(low), float(high), len(signs))


def tau_of(study: Ranked) -> Tau:
    """Of one study."""
    return tau(agreement(study.good[..., None])[:, 0], agreement(study.replicates))


def pooled_tau(studies: list[Ranked]) -> Tau:
    """Over the pairs of all studies; one that several studies of a source show counts once."""
    signs, replicates, seen = [], [], set()
    for study in studies:
        rows = zip(study.pairs(), agreement(study.good[..., None])[:, 0], agreement(study.replicates), strict=True)
        for name, sign, drawn in rows:
            if name not in seen:
                seen.add(name)
                signs.append(sign)
                replicates.append(drawn)
    return tau(np.array(signs), np.array(replicates))


def rank_record(sources: list[SourceRecord]) -> tuple[list[Ranked], dict[str, str]]:
    """All studies of a scale's record that compare latents, and of the others why they don't, by `source study`.

    Raises:
        ConfigError: a file that this rests on is damaged.
    """
    ranked, left_out = [], {}
    for source in sources:
        for study in source.studies.values():
            try:
                ranked.append(rank_study(source.folder, study))
            except NotRecorded as error:
                left_out[f"{source.name} {study.name}"] = str(error)
    return ranked, left_out


def rank_study(folder: Path, study: StudyRecord) -> Ranked:
    """One study of a source's record.

    Raises:
        NotRecorded: it compares no latents by both sides, or its record lacks what that takes.
        ConfigError: its record is damaged.
    """
    scored = scores_of(folder, study)
    latents = distinct(scored)
    metrics = _first(scored, "reconstruction", RECONSTRUCTION), _first(scored, "generation", GENERATION)
    if len(latents) < 2:
        raise NotRecorded("one latent alone: its variants differ in the generator or the prompt")
    labels = {row.variant: row.label for row in study.table.whole()}
    draws = draw(len(scored.seeds), len(scored.clips))
    values, replicates = zip(
        *(_good(scored, side, name, latents, draws) for side, name in zip(SIDES, metrics, strict=True)), strict=True
    )
    variants = [scored.variants[place] for place in latents]
    return Ranked(
        folder.name, study.name, metrics, [labels[name] for name in variants], variants, len(scored.seeds),
        len(scored.clips), np.stack(values), np.stack(replicates),
    )  # fmt: skip


def scores_of(folder: Path, study: StudyRecord, sides: tuple[str, ...] = SIDES) -> StudyScores:
    """The scores of single clips of a study, from the record.

    Raises:
        NotRecorded: it has none of one side, or lacks one of these files, the table or the provenance.
        ConfigError: a file of the study is damaged.
    """
    for path, problem in study.damage.items():
        raise ConfigError(f"{path}: {problem}")
    seeds = study.provenance.whole().seeds
    variants = list(dict.fromkeys(row.variant for row in study.table.whole() if row.variant != GROUND_TRUTH))
    files = {
        (variant, seed, side): folder / SCORES / study.name / f"{variant}_s{seed}_{side}.csv"
        for variant in variants
        for seed in seeds
        for side in sides
    }
    for side in sides:
        if not any(path.exists() for (_, _, each), path in files.items() if each == side):
            raise NotRecorded(f"the record has no scores of single clips of {side}")
    for path in files.values():
        if not path.exists():
            raise NotRecorded(f"{path}: missing")
    return load_study(variants, seeds, files, None)


def distinct(scored: StudyScores) -> list[int]:
    """Places of the variants whose latents differ: of those with the very same reconstructions the first."""
    names = [name for side, name in scored.terms if side == "reconstruction"]
    if not names:
        return []
    values = np.stack([scored.terms["reconstruction", name] for name in names], axis=1)
    kept: list[int] = []
    for place in range(len(values)):
        if not any(np.array_equal(values[place], values[other]) for other in kept):
            kept.append(place)
    return kept


def _first(scored: StudyScores, side: str, wanted: tuple[str, ...]) -> str:
    for name in wanted:
        if (side, name) in scored.terms:
            return name
    raise NotRecorded(f"{side} has none of {', '.join(wanted)} for each clip")


def _good(
    scored: StudyScores, side: str, metric: str, latents: list[int], draws: Draws
) -> tuple[np.ndarray, np.ndarray]:
    """A metric of these variants `(latents,)`, and in each replicate; higher is better."""
    sign = 1 if STATISTICS[metric].higher_is_better else -1
    return sign * scored.values(side, metric)[latents], sign * scored.replicates(side, metric, draws)[latents]
