"""Does the latent that reconstructs best generate best? Ranks of a study's latents by both, and Kendall's tau.

A study holds the generator and its training fixed and changes the latent. Each pair of its latents either is ordered
the same way by reconstruction and by generation (concordant) or not (discordant):

    tau = (concordant - discordant) / pairs        (Kendall's tau-a; a tie counts as neither)

over one study, or over the pairs of several. 1: the better reconstruction always generates better; -1: always worse.
Pairs of one study share latents, and sources their instruments, so that intervals over studies resample whole sources.
A study's own interval, and those of ranks, are of its trainings and clips: as the runs vary, so would others. Where a
study has one run of each latent, the spread of runs is that of the record's other studies by the same metric; where no
study has several, as at smoke, only clips are uncertain.

Pairs are split by how far apart their reconstructions are: by FAR standard errors of the difference, or by less, which
says little of an order.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from shared.config import ConfigError
from shared.record.files import NotRecorded, SourceRecord, StudyRecord
from shared.record.manifest import SCORES
from shared.statistics.catalogue import STATISTICS
from shared.statistics.inference import LEVEL, Runs, training_variance
from shared.statistics.scores import GROUND_TRUTH, StudyScores, load_study

# By what a study's latents are ranked: the first of these that it has per clip. Chosen before any tau was computed:
# PESQ is what most of the papers print, WER what all of them that make speech do.
RECONSTRUCTION = ("pesq", "mel_distance", "stoi")
GENERATION = ("wer", "text_similarity")
SIDES = ("reconstruction", "generation")
FAR = 2  # standard errors: what training noise leaves open is less
DRAWS = 4000
Variances = dict[tuple[str, str], float]  # of trainings, by side and metric
Pair = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Ranked:
    """A study's latents, how good they are, and in each replicate.

    Attributes:
        source, study: whose.
        metrics: of reconstruction and of generation.
        labels, variants: of each latent.
        seeds, clips: how many.
        good: both metrics on the analysed scale, higher is better, `(2, latents)`.
        replicates: the same in each draw of trainings and clips, `(2, latents, replicates)`.
        gaps: of each pair of latents, how many standard errors apart reconstructions are, `(pairs,)`.
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
    gaps: np.ndarray

    def ranks(self) -> np.ndarray:
        """Rank of each latent by both metrics, 1 is the best, with the interval's ends: `(2, latents, 3)`."""
        ends = np.quantile(ranks_of(self.replicates), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=-1)
        return np.stack([ranks_of(self.good[..., None])[..., 0], *ends], axis=-1)

    def pairs(self) -> list[Pair]:
        """What names each pair of latents, whichever studies of the source show it."""
        return [(self.source, *self.metrics, min(pair), max(pair)) for pair in combinations(self.variants, 2)]


@dataclass(frozen=True)
class Tau:
    """Kendall's tau-a with its interval, None where nothing is drawn again, and over how many pairs of latents."""

    value: float
    low: float | None
    high: float | None
    pairs: int


def ranks_of(good: np.ndarray) -> np.ndarray:
    """Rank of each latent in `(2, latents, replicates)`: 1 + how many are better; ties share the better rank."""
    return 1 + (good[:, None] > good[:, :, None]).sum(axis=2)


def agreement(good: np.ndarray) -> np.ndarray:
    """`(2, latents, replicates)` → `(pairs, replicates)`: 1 where both metrics order a pair alike, -1 where not."""
    first, second = np.triu_indices(good.shape[1], k=1)
    return np.prod(np.sign(good[:, first] - good[:, second]), axis=0)


def tau_of(study: Ranked) -> Tau:
    """Of one study."""
    low, high = np.quantile(agreement(study.replicates).mean(axis=0), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    signs = agreement(study.good[..., None])
    return Tau(float(signs.mean()), float(low), float(high), len(signs))


def pooled_tau(studies: list[Ranked], far: bool | None = None) -> Tau | None:
    """Over the pairs of all studies; one that several studies of a source show counts once.

    Args:
        studies: whose pairs.
        far: only those whose reconstructions are FAR apart, or only those that are not; None: all.
    """
    signs: dict[str, list[float]] = {}
    seen: set[Pair] = set()
    for study in studies:
        for name, sign, gap in zip(study.pairs(), agreement(study.good[..., None])[:, 0], study.gaps, strict=True):
            if name not in seen and (far is None or (gap > FAR) == far):
                seen.add(name)
                signs.setdefault(study.source, []).append(float(sign))
    if not signs:
        return None
    sums, counts = (np.array([measure(each) for each in signs.values()]) for measure in (sum, len))
    value, pairs = float(sums.sum() / counts.sum()), int(counts.sum())
    if len(signs) < 2:
        return Tau(value, None, None, pairs)
    drawn = np.random.default_rng(0).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=DRAWS)
    low, high = np.quantile(drawn @ sums / (drawn @ counts), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Tau(value, float(low), float(high), pairs)


def rank_record(sources: list[SourceRecord]) -> tuple[list[Ranked], dict[str, str]]:
    """All studies of a scale's record that compare latents, and of the others why they don't, by `source study`.

    Raises:
        ConfigError: a file that this rests on is damaged.
    """
    compared: dict[tuple[str, str], _Compared] = {}
    left_out: dict[str, str] = {}
    for source in sources:
        for study in source.studies.values():
            try:
                compared[source.name, study.name] = _compare(source.folder, study)
            except NotRecorded as error:
                left_out[f"{source.name} {study.name}"] = str(error)
    known, ranked = _variances(compared.values()), []
    for (source_name, name), each in compared.items():
        try:
            ranked.append(each.rank(source_name, name, known))
        except NotRecorded as error:
            left_out[f"{source_name} {name}"] = str(error)
    return ranked, left_out


@dataclass(frozen=True)
class _Compared:
    """A study's latents by both metrics."""

    labels: list[str]
    variants: list[str]
    metrics: tuple[str, str]
    clips: int
    runs: tuple[Runs, Runs]

    def rank(self, source: str, study: str, known: Variances) -> Ranked:
        """Ranks and how sure they are, given how much trainings vary elsewhere."""
        good, drawn = [], []
        for side, metric, runs in zip(SIDES, self.metrics, self.runs, strict=True):
            sign = 1 if STATISTICS[metric].higher_is_better else -1
            good.append(sign * runs.means())
            drawn.append(sign * _draw(runs, self._variance(side, metric, runs, known)))
        reconstruction = self.runs[0]
        spread = _spread(reconstruction, self._variance(SIDES[0], self.metrics[0], reconstruction, known))
        first, second = np.triu_indices(len(self.variants), k=1)
        apart = np.abs(good[0][first] - good[0][second])
        errors = np.sqrt(((spread[first] - spread[second]) ** 2).sum(axis=1))
        seeds = reconstruction.values.shape[1]
        return Ranked(
            source, study, self.metrics, self.labels, self.variants, seeds, self.clips, np.stack(good),
            np.stack(drawn), np.divide(apart, errors, out=np.zeros_like(apart), where=errors > 0),
        )  # fmt: skip

    def _variance(self, side: str, metric: str, runs: Runs, known: Variances) -> float:
        if runs.values.shape[1] > 1:
            return training_variance(runs)[0]
        if not known:
            return 0.0  # no study has several runs, as at smoke: the clips alone are uncertain
        if (side, metric) not in known:
            unknown = f"how much {metric} of {side} varies between runs"
            raise NotRecorded(f"one run of each latent, and no study says {unknown}")
        return known[side, metric]


def _variances(compared: Iterable[_Compared]) -> Variances:
    """How much trainings vary, pooled over the studies with several."""
    found: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for each in compared:
        for side, metric, runs in zip(SIDES, each.metrics, each.runs, strict=True):
            if runs.values.shape[1] > 1:
                found.setdefault((side, metric), []).append(training_variance(runs))
    return {key: sum(v * df for v, df in parts) / sum(df for _, df in parts) for key, parts in found.items()}


def _spread(runs: Runs, variance: float) -> np.ndarray:
    """`(latents, parts)`, whose products summed are the covariance of the latents' means over trainings and clips."""
    latents, seeds = runs.values.shape
    return np.hstack([runs.deviations.mean(axis=1), np.sqrt(variance / seeds) * np.eye(latents)])


def _draw(runs: Runs, variance: float) -> np.ndarray:
    """The latents' means as other trainings and clips might have them, `(latents, DRAWS)`."""
    spread = _spread(runs, variance)
    return runs.means()[:, None] + spread @ np.random.default_rng(0).standard_normal((spread.shape[1], DRAWS))


def _compare(folder: Path, study: StudyRecord) -> _Compared:
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
    variants = [scored.variants[place] for place in latents]
    reconstruction, generation = (scored.runs(*each).of(latents) for each in zip(SIDES, metrics, strict=True))
    named = [labels[name] for name in variants]
    return _Compared(named, variants, metrics, len(scored.clips), (reconstruction, generation))


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
    spec = study.spec.value
    shared = spec.trainings() if spec is not None and spec.names == variants else None
    return load_study(variants, seeds, files, None, trainings=shared)


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
