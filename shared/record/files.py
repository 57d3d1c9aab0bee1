"""The record of one scale as it lies under results/: each file is there, missing or damaged, which the page says.

A file is damaged if the study's manifest does not vouch for it, or if what it holds can't be.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from shared.config import ConfigError, did_you_mean
from shared.record import readers
from shared.record.keep_clips import LIST, KeptClip
from shared.record.kept import Run, results, runs_path, spec_path
from shared.record.manifest import CLIPS, ENDS, KEPT, MANIFEST, SCORES, Seal, check_seal, write_manifest
from shared.record.readers import Picture, Provenance
from shared.record.table import Row
from shared.statistics.claims import Verdict
from shared.statistics.study import StudySpec

REPORT = "report"  # the folder of the page, beside the sources'

Value = TypeVar("Value")


class NotRecorded(ConfigError):
    """What a record does not hold, which is no damage."""


@dataclass(frozen=True)
class Part(Generic[Value]):
    """One file of the record: `value` is None where it is missing (no `problem`) or damaged."""

    path: Path
    value: Value | None = None
    problem: str = ""

    def whole(self) -> Value:
        """What it holds.

        Raises:
            NotRecorded: it is missing.
            ConfigError: it is damaged.
        """
        if self.value is None:
            kind = ConfigError if self.problem else NotRecorded
            raise kind(f"{self.path}: {self.problem or 'missing'}")
        return self.value


@dataclass
class StudyRecord:
    """What the record holds of one study."""

    name: str
    seal: Seal
    table: Part[list[Row]]
    verdicts: Part[list[Verdict]]
    provenance: Part[Provenance]
    metrics: Part[dict[str, Any]]
    figure: Part[Picture]
    page: Part[str]
    clips: Part[list[KeptClip]]
    spec: Part[StudySpec]
    runs: Part[list[Run]]

    def parts(self) -> list[Part[Any]]:
        """All of its files, the audio and the scores apart."""
        seen = (self.figure, self.page, self.clips)
        return [self.table, self.verdicts, self.provenance, self.metrics, *seen, self.spec, self.runs]

    @property
    def damage(self) -> dict[Path, str]:
        """Its files that are damaged, with what is wrong."""
        # What a damaged manifest does not vouch for is said once.
        parts = () if self.seal.problem else self.parts()
        return self.seal.damage() | {each.path: each.problem for each in parts if each.problem}


@dataclass
class SourceRecord:
    """What the record holds of one source; studies in the record's order."""

    name: str
    folder: Path
    studies: dict[str, StudyRecord] = field(default_factory=dict)


def scales_with_results(results: Path) -> list[str]:
    """Folders under results/ that hold the record of a study."""
    return sorted(path.name for path in results.glob("*") if path.is_dir() and source_folders(path))


def choose_scales(results: Path, scales: list[str] | None = None) -> list[str]:
    """These scales, each once; by default all that have a record.

    Raises:
        ConfigError: there is no record, or none of a scale that is asked for.
    """
    known = scales_with_results(results)
    if not known:
        raise ConfigError(f"{results}: no record at any scale; make one: snakemake figures/longcat_fig3.pdf")
    for scale in scales or []:
        if scale not in known:
            raise ConfigError(f"{results}: no record at scale {scale!r}{did_you_mean(scale, known)}")
    return list(dict.fromkeys(scales or known))


def source_folders(folder: Path) -> list[Path]:
    """Folders of the sources that a scale has any result of."""
    found = (path for path in sorted(folder.glob("*")) if path.is_dir() and path.name != REPORT)
    return [path for path in found if study_names(path)]


def study_names(folder: Path) -> list[str]:
    """The studies that a source's folder holds any file of."""
    found = {path.parent.name for path in folder.glob(f"{CLIPS}/*/{LIST}")}
    found |= {path.parent.name for path in folder.glob(f"{SCORES}/*/*.csv")}
    for path in folder.glob("*.*"):
        end = next((end for end in (MANIFEST, *ENDS) if path.name.endswith(end)), None)
        if end is not None:
            found.add(path.name.removesuffix(end))
    return sorted(found)


def load_scale(folder: Path) -> list[SourceRecord]:
    """Read all that a scale's folder holds."""
    return [load_source(each) for each in source_folders(folder)]


def load_source(folder: Path, source: str | None = None) -> SourceRecord:
    """Read all that a source's folder holds; `source`: whose it is, where that is not the folder's name."""
    studies = {name: load_study(folder, name, source) for name in study_names(folder)}
    return SourceRecord(source or folder.name, folder, studies)


def load_study(folder: Path, name: str, source: str | None = None) -> StudyRecord:
    """Read all that there is of one study; `source` as in `load_source`."""
    return _read(folder, name, source or folder.absolute().name, check_seal(folder, name, source))


def _read(folder: Path, name: str, source: str, seal: Seal) -> StudyRecord:
    """Read what `seal` vouches for."""

    def part(path: Path, read: Callable[[Path], Value]) -> Part[Value]:
        problem = seal.problem_of(path)
        return Part(path, problem=problem) if problem else load(path, read)

    return StudyRecord(
        name,
        seal,
        table=part(folder / f"{name}.csv", readers.table),
        verdicts=part(folder / f"{name}_verdicts.csv", readers.verdicts),
        provenance=part(folder / f"{name}_provenance.json", partial(_provenance_of, source, name)),
        metrics=part(folder / f"{name}_metrics.json", readers.metrics),
        figure=part(folder / f"{name}.png", readers.picture),
        page=part(folder / f"{name}.md", readers.text),
        clips=part(folder / CLIPS / name / LIST, readers.clips),
        spec=part(spec_path(folder, name), partial(_spec_of, source, name)),
        runs=part(runs_path(folder, name), readers.runs),
    )


def _provenance_of(source: str, study: str, path: Path) -> Provenance:
    found = readers.provenance(path)
    if (found.source, found.study) != (source, study):
        raise ConfigError(f"{path}: of {found.source} {found.study}, not of {source} {study}")
    return found


def _spec_of(source: str, study: str, path: Path) -> StudySpec:
    found = readers.study(path)
    if (found.source, found.study) != (source, study):
        raise ConfigError(f"{path}: of {found.source} {found.study}, not of {source} {study}")
    return found


def load(path: Path, read: Callable[[Path], Value]) -> Part[Value]:
    """Read a file of the record, whatever its state."""
    if not path.exists():
        return Part(path)
    try:
        return Part(path, read(path))
    # What Pillow raises for a broken PNG: SyntaxError, among others.
    except (ValueError, OSError, SyntaxError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        return Part(path, problem=first.removeprefix(f"{path}: "))


def damaged(sources: Iterable[SourceRecord]) -> list[str]:
    """The files of these records that are damaged: `file: what is wrong`."""
    studies = (study for source in sources for study in source.studies.values())
    return [f"{path}: {problem}" for study in studies for path, problem in study.damage.items()]


def seal_study(folder: Path, name: str) -> Path:
    """Seal a study's record as it lies there, once all that it holds can be; returns the manifest.

    Raises:
        ConfigError: a file of it is damaged, a line for each.
    """
    study = _read(folder, name, folder.absolute().name, Seal(folder / f"{name}{MANIFEST}"))
    scores = [load(path, readers.scored) for path in sorted((folder / SCORES / name).glob("*")) if path.suffix in KEPT]
    if broken := [f"{each.path}: {each.problem}" for each in (*study.parts(), *scores) if each.problem]:
        raise ConfigError("\n".join(broken))
    kept = results(study.spec.value) if study.spec.value else ()
    if lost := [each.path for each in kept if not each.path.exists()]:
        raise ConfigError(f"{study.spec.path}: {lost[0].name}, which it names, is not in the record")
    return write_manifest(folder, name)
