"""What each file of a study's record holds, and whether that can be: finite, in range, each row once."""

import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, Field

from shared.config import ConfigError, parse
from shared.files import read_json, read_text
from shared.measurements.base import kept_names
from shared.record.keep_clips import KeptClip, read_kept
from shared.record.kept import Run, read_runs, read_spec
from shared.record.manifest import SCORES
from shared.record.table import SIDE_TITLES, Row, read_rows, read_verdicts
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE, PILOT, REPRODUCED, Verdict, decided
from shared.statistics.gates import read_unordered
from shared.statistics.looks import LOOKS, level
from shared.statistics.scores import read_scores
from shared.statistics.study import StudySpec
from shared.tensors import read_tensors
from shared.user_files import file_name, read_file

VERDICTS = (REPRODUCED, CONTRADICTED, INCONCLUSIVE, PILOT, NOT_TESTABLE)


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

    source: str = Field(exclude=True)  # results.json has both as keys
    study: str = Field(exclude=True)
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
    frozen: dict[str, Any] | None = Field(default=None, exclude=True)  # when claims and recipes were set


@dataclass(frozen=True)
class Picture:
    """A figure: the PNG's bytes and its size in pixels."""

    data: bytes
    width: int
    height: int


def table(path: Path) -> list[Row]:
    """A study's table.

    Raises:
        ConfigError: it is no such table, or a row can't be.
    """
    rows = read_rows(path)
    for number, row in enumerate(rows, start=2):
        if problem := _wrong_row(row):
            raise ConfigError(f"{path}: row {number}: {problem}")
    _check_once(path, ((row.variant, row.side, row.metric) for row in rows))
    return rows


def _wrong_row(row: Row) -> str | None:
    """Why a row of a table can't be."""
    if row.metric not in STATISTICS or row.side not in SIDE_TITLES:
        return f"no metric {row.side} {row.metric}"
    if row.n < 0 or row.seeds < 0:
        return f"n is {row.n} and seeds {row.seeds}, which are counts"
    # Not the ends: those of FAD are shifted, and may lie a little below zero.
    for name in ("value", "paper"):
        value = getattr(row, name)
        if value is not None and not STATISTICS[row.metric].possible(value):
            return f"{name} is {value}, which {row.metric} can't be"
    if (row.value is None) != (row.n == 0):
        return f"value is {row.value} of n = {row.n}"
    return _wrong_ends(row.low, row.high)


def _wrong_ends(low: float | None, high: float | None) -> str | None:
    """Why an interval can't be. A value may lie outside: where it is the least of several, so are its replicates."""
    if (low is None) != (high is None):
        return "an interval without one of its ends"
    return f"low {low} is above high {high}" if low is not None and high is not None and low > high else None


def _check_once(path: Path, names: Iterable[Any]) -> None:
    """Raise if one of them is there twice."""
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        shown = " ".join(twice[0]) if isinstance(twice[0], tuple) else twice[0]
        raise ConfigError(f"{path}: {shown} is there twice")


def verdicts(path: Path) -> list[Verdict]:
    """A study's verdicts.

    Raises:
        ConfigError: it is no such file, or a verdict can't be.
    """
    found = read_verdicts(path)
    for each in found:
        if problem := _wrong_verdict(each):
            raise ConfigError(f"{path}: {each.id}: {problem}")
    _check_once(path, (each.id for each in found))
    return found


def _wrong_verdict(each: Verdict) -> str | None:
    """Why a verdict can't be."""
    if each.verdict not in VERDICTS:
        return f"no verdict {each.verdict!r}"
    if each.seeds < 0 or each.clips < 0:
        return f"seeds are {each.seeds} and clips {each.clips}, which are counts"
    if (each.margin is None) != (each.verdict == NOT_TESTABLE):
        return f"{each.verdict}, but the margin is {each.margin}"
    if each.verdict in (PILOT, NOT_TESTABLE):
        return None
    if each.holds is None or each.fails is None or not (0 <= each.holds <= 1 and 0 <= each.fails <= 1):
        return f"{each.verdict}, but p of holds is {each.holds} and of fails {each.fails}"
    if each.look is not None and not 1 <= each.look <= len(LOOKS):
        return f"look {each.look}, and there are {len(LOOKS)}"
    if (said := decided(each.holds, each.fails, level(each.look))) != each.verdict:
        return f"{each.verdict}, but p of holds, {each.holds:.3g}, and of fails, {each.fails:.3g}, say {said}"
    return _wrong_ends(each.low, each.high)


def clips(path: Path) -> list[KeptClip]:
    """The list of a study's clips.

    Raises:
        ConfigError: it is no such list.
    """
    found = read_kept(path)
    for clip in found:
        if Path(clip.file).name != clip.file:
            raise ConfigError(f"{path}: {clip.file}: not a file beside the list")
        if clip.seconds < 0:
            raise ConfigError(f"{path}: {clip.file}: {clip.seconds} seconds")
    _check_once(path, (clip.file for clip in found))
    return found


def provenance(path: Path) -> Provenance:
    """A study's provenance.

    Raises:
        ConfigError: it is none.
    """
    found = parse(Provenance, read_json(path), str(path))
    for kind, origins in found.origins.items():
        for each in origins:
            if "hardware" in each:
                parse(Machine, each["hardware"], f"{path}: origins.{kind}")
    if any(seconds < 0 for seconds in (found.job_seconds_total, *found.job_seconds.values())):
        raise ConfigError(f"{path}: job_seconds: below zero")
    return found


def metrics(path: Path) -> dict[str, Any]:
    """A study's values as JSON.

    Raises:
        ConfigError: it is none.
    """
    found = read_json(path)
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: no object of values by variant")
    return found


def study(path: Path) -> StudySpec:
    """What a study's table is made of.

    Raises:
        ConfigError: it is no such spec.
    """
    return read_spec(path)


def runs(path: Path) -> list[Run]:
    """Which job each result of a study is of.

    Raises:
        ConfigError: it is no such file.
    """
    found = read_runs(path)
    _check_once(path, ((each.variant, str(each.seed), each.side, each.kind) for each in found))
    return found


def text(path: Path) -> str:
    """A UTF-8 text.

    Raises:
        ConfigError: it is none.
    """
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


def score_files(folder: Path, study: str, variant: str) -> list[Path]:
    """Files of a source's record with a study's scores of single clips, of one variant or of the ground truth."""
    name = re.compile(rf"{re.escape(file_name(variant))}(_s\d+_({'|'.join((*SIDE_TITLES, *kept_names()))}))?\.csv")
    return sorted(path for path in folder.glob(f"{SCORES}/{study}/*.csv") if name.fullmatch(path.name))


def scored(path: Path) -> Any:
    """A file of scores, or of what was measured of latents, or what was kept beside one.

    Raises:
        ConfigError: it is none.
    """
    if path.suffix == ".safetensors":
        return read_tensors(path, framework="numpy", delete="the folder")
    if re.fullmatch(r"ladder\d+", path.stem):
        return read_unordered(path)
    kept = re.search(r"_s\d+_(\w+)$", path.stem)
    measurement = kept_names().get(kept[1]) if kept else None
    return read_scores(path) if measurement is None or measurement.by_clip else measurement.read(path)
