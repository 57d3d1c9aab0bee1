"""What the record keeps of a study so that its table and verdicts can be made again.

That is scores by clip, embeddings, what was measured of latents, the study's spec, and which job made each of these,
where and by which code. A run's files lie in `scores/<study>/`, named after variant, seed and side
(`dim64_s0_generation.csv`); what the job wrote beside goes on from there (`…_generation_embeddings.safetensors`).
`<study>_study.json` is the `StudySpec`, with paths from the source's folder, and `<study>_runs.csv` a row for each job.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from shared.config import ConfigError, Strict, parse
from shared.files import beside, read_json
from shared.measurements.base import find_measurement, measurements
from shared.metrics.embeddings import EMBEDDINGS
from shared.record.manifest import RUNS, SCORES, STUDY
from shared.record.origin import read_origin
from shared.record.table import read_models
from shared.statistics.scores import GROUND_TRUTH
from shared.statistics.scores import SCORES as RESULT
from shared.statistics.study import StudySpec
from shared.user_files import file_name

SCORING, LADDER = "scores", "ladder"  # kinds of jobs
LADDER_FILE = "ladder.csv"
HARDWARE = ("processor", "cores", "memory_gib", "system", "python", "torch")


class Kept(NamedTuple):
    """A job's result that the record keeps; `seed` is None of the ground truth and of ladders."""

    variant: str
    seed: int | None
    side: str
    kind: str
    path: Path

    @property
    def name(self) -> str:
        """Of its file in the record, without the end."""
        what = self.side if self.kind == SCORING else self.kind
        return self.variant if self.seed is None else file_name(f"{self.variant}_s{self.seed}_{what}")

    def files(self) -> Iterator[tuple[Path, str]]:
        """The result, and what lies beside it and is kept, too; each with its name in the record."""
        yield self.path, f"{self.name}.csv"
        own, others = names_of(self.kind)
        for name in others:
            if (path := beside(self.path, own, name)).exists():
                yield path, f"{self.name}_{name}"


class Run(Strict):
    """Which job a result is of: key of its folder, hash of its code, and where it ran; None where that is not known."""

    FROM_TEXT: ClassVar[bool] = True

    variant: str
    seed: int | None
    side: str
    kind: str
    key: str
    code_hash: str | None = None
    commit: str | None = None
    dirty: bool | None = None
    date_utc: str | None = None
    processor: str | None = None
    cores: int | None = None
    memory_gib: float | None = None
    gpu: str | None = None
    system: str | None = None
    python: str | None = None
    torch: str | None = None

    def origin(self) -> dict[str, Any]:
        """What `origin.json` beside the result said."""
        hardware = {name: getattr(self, name) for name in HARDWARE} | {"gpu": self.gpu.split("; ") if self.gpu else []}
        top = {name: getattr(self, name) for name in ("date_utc", "commit", "dirty", "code_hash")}
        return top | ({"hardware": hardware} if self.processor is not None else {})


def names_of(kind: str) -> tuple[str, tuple[str, ...]]:
    """How a kind of job calls its result, and those files beside it that are kept."""
    if kind == LADDER:
        return LADDER_FILE, ()
    measurement = find_measurement(kind)
    return (RESULT, (EMBEDDINGS,)) if measurement is None else (measurement.file, measurement.beside)


def results(spec: StudySpec) -> Iterator[Kept]:
    """All that a study's table is made of."""
    for (variant, seed, side), path in spec.score_files().items():
        yield Kept(variant, seed, side, SCORING, path)
    for each in measurements():
        for (variant, seed), path in spec.latent_files(each.name).items():
            yield Kept(variant, seed, each.side, each.name, path)
    if spec.ground_truth:
        yield Kept(GROUND_TRUTH, None, "generation", SCORING, spec.ground_truth)
    for number, path in enumerate(spec.ladders, start=1):
        yield Kept(f"{LADDER}{number}", None, "reconstruction", LADDER, path)


def keep_scores(spec: StudySpec, folder: Path) -> None:
    """Copy what the table is made of."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in results(spec):
        for path, name in each.files():
            shutil.copyfile(path, folder / name)


def runs(spec: StudySpec) -> list[Run]:
    """Which job each result is of, as it lies under runs/."""
    return [_run(each) for each in results(spec)]


def _run(kept: Kept) -> Run:
    said = read_origin(kept.path.parent)
    hardware = said.get("hardware", {})
    told = {name: said.get(name) for name in ("code_hash", "commit", "dirty", "date_utc")}
    told |= {name: hardware.get(name) for name in HARDWARE}
    gpu = "; ".join(hardware.get("gpu", [])) or None
    return Run(
        variant=kept.variant, seed=kept.seed, side=kept.side, kind=kept.kind, key=kept.path.parent.name, gpu=gpu, **told
    )


def kept_spec(spec: StudySpec) -> StudySpec:
    """The spec of what `keep_scores` has kept, with paths from the source's folder of the record."""
    names = {each.path: Path(SCORES, spec.study, f"{each.name}.csv") for each in results(spec)}
    moved = _moved(spec, lambda path: names[path])
    return moved.model_copy(update={"folder": Path(spec.source), "jobs": []})


def read_spec(path: Path) -> StudySpec:
    """Read `<study>_study.json`; its paths begin at its folder.

    Raises:
        ConfigError: it is none.
    """
    found = parse(StudySpec, read_json(path), str(path))
    for each in results(found):
        if each.path.is_absolute() or ".." in each.path.parts:
            raise ConfigError(f"{path}: {each.path}: not a file of this record")
    return _moved(found, lambda each: path.parent / each)


def read_runs(path: Path) -> list[Run]:
    """Read `<study>_runs.csv`.

    Raises:
        ConfigError: it is none.
    """
    return read_models(path, Run)


def _moved(spec: StudySpec, move: Callable[[Path], Path]) -> StudySpec:
    """The same with other paths."""

    def all_of(files: dict[Any, dict[Any, Path]]) -> dict[Any, dict[Any, Path]]:
        return {key: {name: move(path) for name, path in each.items()} for key, each in files.items()}

    variants = [
        each.model_copy(update={"scores": all_of(each.scores), "latents": all_of(each.latents)})
        for each in spec.variants
    ]
    truth = spec.ground_truth and move(spec.ground_truth)
    ladders = [move(path) for path in spec.ladders]
    return spec.model_copy(update={"variants": variants, "ground_truth": truth, "ladders": ladders})


def spec_path(folder: Path, study: str) -> Path:
    """Where a source's folder of the record has a study's spec."""
    return folder / f"{study}{STUDY}"


def runs_path(folder: Path, study: str) -> Path:
    """Where it says which jobs the results are of."""
    return folder / f"{study}{RUNS}"
