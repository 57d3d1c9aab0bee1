"""How verdicts do where the truth is known: simulated studies, judged by `shared.statistics`, on one thread.

    OMP_NUM_THREADS=1 PYTHONPATH=. .venv/bin/python benchmarks/verdicts.py [--only coverage] [--repetitions 2000]

Prints the tables of docs/STATISTICS.md: how often 95 % intervals cover a difference; how often a claim gets a verdict
where none is true; how often it gets the right one; and all of that where seeds are added look by look. With the
default of 2000 repetitions a share of 5 % is known to within half a point (one standard error); they take about a
quarter of an hour on one core. Nothing is kept or resumed.

rho is what a training adds: the standard deviation over trainings of a difference of two runs, over its standard error
over clips.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from shared.statistics.claims import CONTRADICTED, INCONCLUSIVE, REPRODUCED, Claim, decided
from shared.statistics.inference import Outcome, Runs, contrast
from shared.statistics.looks import FUTILE, LOOKS, ONE_SIDED, conditional_power, level
from shared.statistics.relations.base import Measured, find_relation
from shared.statistics.scores import of_terms

SPEAKERS, BY_SPEAKER = 40, 3
GROUPS = np.repeat(np.arange(SPEAKERS), BY_SPEAKER)
WORDS = 8  # of a clip
FAILED, SHIFT = 0.1, 4  # share of runs that fail, and by how many standard deviations of training
AT_ONCE = 100  # simulated studies
RHOS, SEEDS = (0, 0.5, 1.5, 3, 6), (2, 3, 4, 8)
TOLERANCE = 1.0


class Setting(NamedTuple):
    """Of simulated studies: variants, seeds, rho, share of failed runs, and how much more the first varies."""

    variants: int
    seeds: int
    rho: float
    failed: float = 0.0
    wider: float = 1.0


def trainings(rng: np.random.Generator, studies: int, setting: Setting, error: float) -> np.ndarray:
    """What each training adds, `(studies, variants, seeds)`.

    Args:
        rng: of the draws.
        studies: how many.
        setting: of them.
        error: standard error over clips of a difference of two runs.
    """
    shape = studies, setting.variants, setting.seeds
    sd = np.full((setting.variants, 1), setting.rho * error / np.sqrt(2))
    sd[0] *= setting.wider
    shift = SHIFT * np.maximum(sd, error / np.sqrt(2))  # where trainings do not vary, a failed one still does
    return sd * rng.normal(size=shape) + shift * (rng.random(shape) < setting.failed)


def of_clips(rng: np.random.Generator, studies: int, setting: Setting) -> np.ndarray:
    """What speakers, clips and runs add to each clip, with a variance of 1, `(studies, variants, seeds, clips)`.

    Speakers and clips are partly easy or hard for all variants, and partly for one, as of paired samples.
    """
    variants, seeds, clips = setting.variants, setting.seeds, len(GROUPS)
    of_all = rng.normal(size=(studies, 1, 1, SPEAKERS))[..., GROUPS] + rng.normal(size=(studies, 1, 1, clips))
    of_one = rng.normal(size=(studies, variants, 1, SPEAKERS))[..., GROUPS]
    of_one += rng.normal(size=(studies, variants, 1, clips))
    of_run = rng.normal(size=(studies, variants, seeds, clips))
    return np.sqrt(0.2) * of_all + np.sqrt(0.1) * of_one + np.sqrt(0.4) * of_run


def means(rng: np.random.Generator, studies: int, setting: Setting, error: float) -> tuple[np.ndarray, np.ndarray]:
    """Numerators and denominators of means over clips, like PESQ's, `(studies, variants, seeds, clips)`."""
    values = 2 + trainings(rng, studies, setting, error)[..., None] + 0.4 * of_clips(rng, studies, setting)
    return values, np.ones_like(values)


def errors(rng: np.random.Generator, studies: int, setting: Setting, error: float) -> tuple[np.ndarray, np.ndarray]:
    """The same of counts of errors, like WER's: 3 % of the words in the first variant, 6 % in the others."""
    rate = np.full((setting.variants, 1, 1), 0.06)
    rate[0] = 0.03
    spread = trainings(rng, studies, setting, error)[..., None] + 0.7 * of_clips(rng, studies, setting)
    counts = rng.poisson(WORDS * rate * np.exp(spread)).astype(float)
    return counts, np.full_like(counts, WORDS)


class Kind(NamedTuple):
    """A metric: what draws it, whether it is a rate of errors, and the true difference of the first two variants."""

    name: str
    draw: Callable[[np.random.Generator, int, Setting, float], tuple[np.ndarray, np.ndarray]]
    rate: bool
    truth: float

    def runs(self, rng: np.random.Generator, studies: int, setting: Setting, error: float) -> Iterator[Runs]:
        """Simulated studies."""
        top, bottom = (each.reshape(-1, *each.shape[2:]) for each in self.draw(rng, studies, setting, error))
        values, deviations = of_terms(np.stack([top, bottom], axis=1), GROUPS, self.rate)
        if self.rate:
            values, deviations = np.log(values), deviations / values[..., None]
        for study in range(studies):
            rows = slice(study * setting.variants, (study + 1) * setting.variants)
            yield Runs(values[rows], deviations[rows], tuple(range(setting.variants)))

    def error(self, rng: np.random.Generator) -> float:
        """The standard error over clips of a difference of two runs."""
        runs = self.runs(rng, 2000, Setting(2, 1, 0), 0.0)
        return float(np.std([each.values[0, 0] - each.values[1, 0] for each in runs]))


KINDS = (Kind("WER", errors, True, np.log(0.5)), Kind("PESQ", means, False, 0.0))
SHAPES = {
    "3 variants": Setting(3, 0, 0),
    "5 variants": Setting(5, 0, 0),
    "5 variants, 10 % of runs fail": Setting(5, 0, 0, FAILED),
    "5 variants, the first varies twice as much": Setting(5, 0, 0, wider=2),
}


def coverage(rng: np.random.Generator, repetitions: int) -> Iterator[str]:
    """How often intervals of a difference cover the true one."""
    yield "| metric | study | runs | " + " | ".join(f"rho {rho:g}" for rho in RHOS) + " |"
    yield "|---|---|---|" + "---|" * len(RHOS)
    for kind in KINDS:
        error = kind.error(rng)
        for name, shape in SHAPES.items():
            for seeds in SEEDS:
                settings = [shape._replace(seeds=seeds, rho=rho) for rho in RHOS]
                shares = [_covered(rng, repetitions, kind, each, error) for each in settings]
                yield f"| {kind.name} | {name} | {seeds} | " + " | ".join(f"{each:.3f}" for each in shares) + " |"


def _covered(rng: np.random.Generator, repetitions: int, kind: Kind, setting: Setting, error: float) -> float:
    weights = np.eye(setting.variants)[0] - np.eye(setting.variants)[1]
    covered = 0
    for done in range(0, repetitions, AT_ONCE):
        for runs in kind.runs(rng, min(AT_ONCE, repetitions - done), setting, error):
            low, high = contrast(runs, weights).interval()
            covered += low <= kind.truth <= high
    return covered / repetitions


class Noise(NamedTuple):
    """Of runs: the SD over trainings, of a difference of two over clips, and the share of that redrawn in each run."""

    training: float
    clips: float
    redrawn: float = 0.5


def made_runs(rng: np.random.Generator, true: np.ndarray, seeds: int, noise: Noise) -> Runs:
    """A study whose variants have these true values `(variants,)`."""
    shape = len(true), seeds
    of_speaker = noise.clips * np.sqrt(SPEAKERS / 2)  # so that the mean over speakers, of two variants, has noise.clips
    fixed, redrawn = rng.normal(size=(shape[0], 1, SPEAKERS)), rng.normal(size=(*shape, SPEAKERS))
    of_groups = of_speaker * (np.sqrt(1 - noise.redrawn) * fixed + np.sqrt(noise.redrawn) * redrawn)
    values = true[:, None] + noise.training * rng.normal(size=shape) + of_groups.mean(axis=2)
    centred = of_groups - of_groups.mean(axis=2, keepdims=True)
    return Runs(values, centred / np.sqrt(SPEAKERS * (SPEAKERS - 1)), tuple(range(shape[0])))


def claim_of(relation: str, variants: int) -> Claim:
    """A claim of this relation of so many variants."""
    found, names = find_relation(relation), [f"v{place}" for place in range(variants)]
    more = {"against": "wer"} if found.both_sides else {"against": "stoi"} if found.against else {}
    return Claim.model_construct(
        id=relation, study="s", text="t", where="w", relation=relation, metric="pesq", variants=names,
        tolerance=TOLERANCE if found.tolerant else None, **more,
    )  # fmt: skip


def ask(claim: Claim, runs: list[Runs], first: int | None = None) -> Outcome:
    """What the first so many seeds say."""
    places = list(range(len(claim.variants)))
    parts = runs if first is None else [each.first(first) for each in runs]
    return find_relation(claim.relation).test(claim, [Measured(each, places, 1, [1.0] * len(places)) for each in parts])


class Case(NamedTuple):
    """A relation where neither it nor its opposite is true; `true`: of each metric, the variants' values."""

    relation: str
    where: str
    true: Callable[[int], list[np.ndarray]]
    wrong: tuple[str, ...] = (REPRODUCED, CONTRADICTED)


def _equal(variants: int) -> list[np.ndarray]:
    return [np.zeros(variants)]


def _far(variants: int) -> np.ndarray:
    """The first is best beyond doubt."""
    return np.where(np.arange(variants) == 0, 100.0, 0.0)


CASES = (
    *(Case(name, "all equal", _equal) for name in ("better", "increases", "decreases", "gap_widens", "peaks_inside")),
    Case("inflates", "both metrics equal", lambda n: [np.zeros(n), np.zeros(n)]),
    Case("ranks_disagree", "all equal in both", lambda n: [np.zeros(n), np.zeros(n)]),
    Case("ranks_disagree", "equal in generation", lambda n: [_far(n), np.zeros(n)]),
    Case("ranks_disagree", "equal in reconstruction", lambda n: [np.zeros(n), _far(n)], (REPRODUCED,)),
    Case("within", "one at the tolerance", lambda n: [TOLERANCE * (np.arange(n) == 0) + 0.5 * (np.arange(n) == 1)]),
    Case("within", "one apart from the others by it", lambda n: [TOLERANCE * (np.arange(n) == 0)]),
    Case("stays", "one at the tolerance", lambda n: [TOLERANCE * (np.arange(n) == 0), np.zeros(n)]),
    Case("stays", "all at the tolerance", lambda n: [np.full(n, TOLERANCE), np.zeros(n)]),
    Case("hits_setting", "one at the tolerance", lambda n: [1 + TOLERANCE * (np.arange(n) == 0)]),
    Case("hits_setting", "all at the tolerance", lambda n: [np.full(n, 1 + TOLERANCE)]),
)
SIZES = {"better": (2, 2), "gap_widens": (4, 6)}  # of the variants of a claim; others have 3 and 5
SPREAD = 0.1  # of trainings where there is a tolerance of 1, so that equality can be seen at all
AT_EQUALITY = [(2, 1.5), (4, 0), (4, 1.5), (4, 6), (8, 1.5)]  # seeds and rho


def equality(rng: np.random.Generator, repetitions: int) -> Iterator[str]:
    """How often a claim gets a verdict where none is true."""
    yield "| relation | where | variants | " + " | ".join(f"{n} runs, rho {rho:g}" for n, rho in AT_EQUALITY) + " |"
    yield "|---|---|---|" + "---|" * len(AT_EQUALITY)
    for case in CASES:
        for studied, size in zip((3, 5), SIZES.get(case.relation, (3, 5)), strict=True):
            claim, shares = claim_of(case.relation, size), []
            for seeds, rho in AT_EQUALITY:
                true = [np.pad(each, (0, max(studied - size, 0))) for each in case.true(size)]
                sd = SPREAD if claim.tolerance else 1.0
                noise = Noise(sd, sd * np.sqrt(2) / rho) if rho else Noise(0.0, sd)
                found = [ask(claim, [made_runs(rng, each, seeds, noise) for each in true]) for _ in range(repetitions)]
                shares.append(np.mean([decided(each.holds, each.fails, ONE_SIDED) in case.wrong for each in found]))
            name = f"{case.relation} | {case.where} | {size} of {max(studied, size)}"
            yield f"| {name} | " + " | ".join(f"{each:.3f}" for each in shares) + " |"


def of_wer(sd: float) -> Noise:
    """Log-WERs of 200 clips, whose runs have this standard deviation, as they were recorded at the scale `cpu`.

    A difference of two runs has a standard error of 0.2 over clips, of which 90 % are redrawn in each run, and are part
    of the runs' standard deviation.
    """
    return Noise(np.sqrt(sd**2 - 0.9 * 0.2**2 / 2), 0.2, 0.9)


EFFECTS = [
    *((f"WER ×{ratio:g}", sd, np.log(ratio), of_wer(sd)) for ratio in (2.5, 1.6, 1.26) for sd in (0.45, 0.30, 0.20)),
    ("SIM .85 to .89", 0.076, np.arctanh(0.89) - np.arctanh(0.85), Noise(np.sqrt(0.076**2 - 0.06**2 / 4), 0.06)),
]


def power(rng: np.random.Generator, repetitions: int) -> Iterator[str]:
    """How often a true claim is reproduced, where a study of five variants is looked at once."""
    yield "| effect | SD of runs | " + " | ".join(f"{n} runs" for n in LOOKS) + " |"
    yield "|---|---|" + "---|" * len(LOOKS)
    claim = claim_of("better", 2)
    for name, sd, effect, noise in EFFECTS:
        shares = []
        for seeds in LOOKS:
            made = (made_runs(rng, _first(effect), seeds, noise) for _ in range(repetitions))
            shares.append(np.mean([ask(claim, [each]).holds < ONE_SIDED for each in made]))
        yield f"| {name} | {sd:.3g} | " + " | ".join(f"{each:.2f}" for each in shares) + " |"


def _first(effect: float) -> np.ndarray:
    """Five variants, of which the first is better by this."""
    return np.array([effect, 0.0, 0.0, 0.0, 0.0])


class Ended(NamedTuple):
    """What became of a claim: the verdict, seeds by then, whether it was given up, and the verdict if none ever was."""

    verdict: str
    seeds: int
    given_up: bool
    patient: str


def look_by_look(claim: Claim, runs: list[Runs]) -> Ended:
    """Go through the looks as `judge` does, and on where it gives up."""
    ended = None
    for look, count in enumerate(LOOKS, start=1):
        found = ask(claim, runs, count)
        verdict = decided(found.holds, found.fails, level(look))
        futile = max(conditional_power(p, look) for p in (found.holds, found.fails)) < FUTILE
        if verdict != INCONCLUSIVE or count == LOOKS[-1]:
            return Ended(verdict, count, False, verdict) if ended is None else ended._replace(patient=verdict)
        if futile and ended is None:
            ended = Ended(INCONCLUSIVE, count, True, INCONCLUSIVE)
    raise AssertionError("a last look decides")


STEPS = np.array([0.0, 1.0, 2.0, 0.0, 0.0])
SEQUENTIAL = [
    *(("better", 2, "equal", _first(0.0), sd) for sd in (0.45, 0.20)),
    *((name, 3, "equal", _first(0.0), 0.30) for name in ("increases", "peaks_inside")),
    *(("better", 2, f"WER ×{ratio:g}", _first(np.log(ratio)), 0.30) for ratio in (2.5, 1.6, 1.26)),
    *(("increases", 3, f"steps of ×{ratio:g}", np.log(ratio) * STEPS, 0.30) for ratio in (2.5, 1.6)),
]


def looks(rng: np.random.Generator, repetitions: int) -> Iterator[str]:
    """The same look by look."""
    yield "| claim | truth | SD of runs | reproduced | contradicted | mean runs | given up | verdicts lost by that |"
    yield "|---|---|---|---|---|---|---|---|"
    for relation, variants, truth, true, sd in SEQUENTIAL:
        claim = claim_of(relation, variants)
        made = (made_runs(rng, true, LOOKS[-1], of_wer(sd)) for _ in range(repetitions))
        ended = [look_by_look(claim, [each]) for each in made]
        counts = [np.mean([each.verdict == wanted for each in ended]) for wanted in (REPRODUCED, CONTRADICTED)]
        lost = np.mean([each.patient != each.verdict for each in ended])
        seeds, given_up = np.mean([each.seeds for each in ended]), np.mean([each.given_up for each in ended])
        shown = f"{counts[0]:.3f} | {counts[1]:.3f} | {seeds:.1f} | {given_up:.2f} | {lost:.3f}"
        yield f"| {relation} | {truth} | {sd:g} | {shown} |"


PARTS = {each.__name__: each for each in (coverage, equality, power, looks)}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, help="one of the tables")
    parser.add_argument("--repetitions", type=int, default=2000, help="simulated studies of each cell")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers")
    arguments = parser.parse_args()
    for name in [arguments.only] if arguments.only else PARTS:
        print(f"\n### {name}\n")
        for line in PARTS[name](np.random.default_rng([arguments.seed, *name.encode()]), arguments.repetitions):
            print(line)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
