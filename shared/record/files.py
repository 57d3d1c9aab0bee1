"""The record of one scale as it lies under results/: each file is there, missing or damaged, which the page says."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ValidationError

from shared.config import ConfigError, Strict, did_you_mean
from shared.files import read_json
from shared.measurements.base import kept_names
from shared.record.keep_clips import LIST, KeptClip, read_kept
from shared.record.table import SIDE_TITLES, Row, read_rows, read_verdicts
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE, REPRODUCED, Verdict
from shared.user_files import file_name, read_file, read_text

REPORT = "report"  # the folder of the page, beside the sources'
CLIPS = "clips"
VERDICTS = (REPRODUCED, CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE)
# What each study has, by the end of its file's name. The table's own end goes last: it ends the others too.
ENDS = ("_verdicts.csv", "_provenance.json", "_metrics.json", ".png", ".md", ".csv")

Value = TypeVar("Value")


@dataclass(frozen=True)
class Part(Generic[Value]):
    """One file of the record: `value` is None where it is missing (no `problem`) or damaged."""

    path: Path
    value: Value | None = None
    problem: str = ""

    def whole(self) -> Value:
        """What it holds.

        Raises:
            ConfigError: it is missing or damaged.
        """
        if self.value is None:
            raise ConfigError(f"{self.path}: {self.problem or 'missing'}")
        return self.value


class Machine(BaseModel):
    """What a provenance file says of hardware."""

    processor: str
    cores: int | None
    memory_gib: float
    gpu: list[str]
    system: str
    python: str


class Provenance(BaseModel):
    """What the page shows of a provenance file, which holds more."""

    scale: str
    seeds: list[int]
    date_utc: str
    commit: str | None
    dirty: bool | None
    no_commit: str | None = None
    config_hash: str
    hardware: Machine
    origins: dict[str, list[dict[str, Any]]]
    job_seconds: dict[str, float]
    job_seconds_total: float


@dataclass(frozen=True)
class Picture:
    """A figure: the PNG's bytes and its size in pixels."""

    data: bytes
    width: int
    height: int


@dataclass
class StudyRecord:
    """What the record holds of one study."""

    name: str
    table: Part[list[Row]]
    verdicts: Part[list[Verdict]]
    provenance: Part[Provenance]
    metrics: Part[dict[str, Any]]
    figure: Part[Picture]
    page: Part[str]
    clips: Part[list[KeptClip]]

    def parts(self) -> list[Part[Any]]:
        """All of its files, the audio apart."""
        return [self.table, self.verdicts, self.provenance, self.metrics, self.figure, self.page, self.clips]


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
    for path in folder.glob("*.*"):
        end = next((end for end in ENDS if path.name.endswith(end)), None)
        if end is not None:
            found.add(path.name.removesuffix(end))
    return sorted(found)


def load_source(folder: Path) -> SourceRecord:
    """Read all that a source's folder holds."""
    return SourceRecord(folder.name, folder, {name: load_study(folder, name) for name in study_names(folder)})


def load_study(folder: Path, name: str) -> StudyRecord:
    """Read all that there is of one study."""
    return StudyRecord(
        name,
        table=load(folder / f"{name}.csv", table),
        verdicts=load(folder / f"{name}_verdicts.csv", verdicts),
        provenance=load(folder / f"{name}_provenance.json", provenance),
        metrics=load(folder / f"{name}_metrics.json", metrics),
        figure=load(folder / f"{name}.png", picture),
        page=load(folder / f"{name}.md", text),
        clips=load(folder / CLIPS / name / LIST, clips),
    )


def load(path: Path, read: Callable[[Path], Value]) -> Part[Value]:
    """Read a file of the record, whatever its state."""
    if not path.exists():
        return Part(path)
    try:
        return Part(path, read(path))
    except ValidationError as error:
        return Part(path, problem=_first_issue(error))
    # What readers raise for content that is not theirs: csv.Error, Pillow's SyntaxError of a broken PNG, the rest
    # (ConfigError, JSON, UTF-8) is ValueError.
    except (ValueError, OSError, SyntaxError, csv.Error) as error:
        return Part(path, problem=str(error).removeprefix(f"{path}: ") or type(error).__name__)


def _first_issue(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']} (got {first['input']!r:.60})"


def table(path: Path) -> list[Row]:
    """A study's table.

    Raises:
        ValueError: it is no such table.
    """
    check_csv(path, Row)
    rows = read_rows(path)
    for row in rows:
        if row.metric not in STATISTICS or row.side not in SIDE_TITLES:
            raise ValueError(f"no metric {row.side} {row.metric}")
    return rows


def verdicts(path: Path) -> list[Verdict]:
    """A study's verdicts.

    Raises:
        ValueError: it is no such file.
    """
    check_csv(path, Verdict)
    found = read_verdicts(path)
    for each in found:
        if each.verdict not in VERDICTS:
            raise ValueError(f"{each.id}: no verdict {each.verdict!r}")
        if (each.margin is None) != (each.verdict == NOT_TESTABLE):
            raise ValueError(f"{each.id}: {each.verdict}, but the margin is {each.margin}")
        if each.margin is not None and (each.low is None or each.high is None):
            raise ValueError(f"{each.id}: a margin without its interval")
    return found


def clips(path: Path) -> list[KeptClip]:
    """The list of a study's clips.

    Raises:
        ValueError: it is no such list.
    """
    check_csv(path, KeptClip)
    found = read_kept(path)
    for clip in found:
        if Path(clip.file).name != clip.file:
            raise ValueError(f"{clip.file}: not a file beside the list")
    return found


def provenance(path: Path) -> Provenance:
    """A study's provenance."""
    return Provenance.model_validate(read_json(path))


def metrics(path: Path) -> dict[str, Any]:
    """A study's values as JSON.

    Raises:
        ValueError: it is none.
    """
    found = read_json(path)
    if not isinstance(found, dict):
        raise ValueError("no object of values by variant")
    return found


def text(path: Path) -> str:
    """A UTF-8 text."""
    return read_text(path)


def picture(path: Path) -> Picture:
    """A PNG, decoded to see that it is whole.

    Raises:
        ValueError: it is none.
        OSError, SyntaxError: it is cut off or damaged.
    """
    data = read_file(path)
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            image.load()
            return Picture(data, *image.size)
    except UnidentifiedImageError:
        raise ValueError("not a PNG") from None


def check_csv(path: Path, model: type[Strict]) -> None:
    """Whether a CSV file is whole and has the columns of `model`; only those with a default may be missing.

    Raises:
        ValueError: it is cut off, or has other columns.
    """
    content = read_text(path)
    if not content.endswith("\n"):
        raise ValueError("cut off: the last line has no end" if content else "empty file")
    header, *rows = csv.reader(io.StringIO(content), strict=True)
    needed = [name for name, each in model.model_fields.items() if each.is_required()]
    if missing := [name for name in needed if name not in header]:
        raise ValueError(f"no column {missing[0]!r}")
    if unknown := [name for name in header if name not in model.model_fields]:
        raise ValueError(f"unknown column {unknown[0]!r}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise ValueError(f"row {number}: {len(row)} values in {len(header)} columns")


def score_files(folder: Path, study: str, variant: str) -> list[Path]:
    """Files of a source's record with a study's scores of single clips, of one variant or of the ground truth."""
    name = re.compile(rf"{re.escape(file_name(variant))}(_s\d+_({'|'.join((*SIDE_TITLES, *kept_names()))}))?\.csv")
    return sorted(path for path in folder.glob(f"scores/{study}/*.csv") if name.fullmatch(path.name))
