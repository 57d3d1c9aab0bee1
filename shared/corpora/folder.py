"""The user's own corpus: a folder of audio files with a `metadata.csv`."""

import csv
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from shared.corpora.manifest import CorpusError, Manifest, Rejected, Split
from shared.corpora.recorded import RecordedConfig, Recording, build_recorded

METADATA = "metadata.csv"
REQUIRED_COLUMNS = ("file_name", "text")
# The speaker where there is no such column: the folder then is one voice, as single-speaker corpora are.
ONE_SPEAKER = "speaker"
SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}
Row = dict[str, str]


class FolderConfig(RecordedConfig):
    """A folder of audio files, in any format that soundfile reads, at any rate, mono or stereo.

    Args:
        path: the folder. Its `metadata.csv` has the columns `file_name` (relative to the folder) and `text`;
            optional are `speaker` (without it, all is one voice; sounds have none) and `split` (train,
            validation or test; without it, clips are split by share). Nothing is written in the folder.
    """

    kind: Literal["folder"]
    path: str


def build_folder(config: FolderConfig, output: Path) -> Manifest:
    """Check and convert the user's clips: audio under `audio/` beside `output`, the manifest last.

    Raises:
        CorpusError: no or a wrong `metadata.csv`, or more unusable clips than `max_rejected` allows.
    """
    folder = Path(config.path).expanduser()
    if output.resolve().is_relative_to(folder.resolve()):
        raise CorpusError(f"{output}: lies in the folder {folder}, where nothing is written; choose another")
    rows = read_metadata(folder)
    if config.content == "sound":
        rows = [{name: cell for name, cell in row.items() if name != "speaker"} for row in rows]
    speaker = ONE_SPEAKER if config.content == "speech" else None
    return build_recorded(str(folder), _recordings(folder, rows, speaker), len(rows), config, output)


def source_files(path: str) -> list[Path]:
    """The files that a folder corpus is made of: `metadata.csv` and those of its clips that exist."""
    folder = Path(path).expanduser()
    clips = (folder / row["file_name"] for row in read_metadata(folder) if row["file_name"])
    return [folder / METADATA, *(clip for clip in clips if clip.is_file())]


def read_metadata(folder: Path) -> list[Row]:
    """The rows of `metadata.csv`, every cell stripped, missing ones empty.

    Raises:
        CorpusError: the file is missing, is not UTF-8 CSV, lacks a column, or names a file twice.
    """
    path = folder / METADATA
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder")
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval="")
            rows = [_stripped(row) for row in reader]
            columns = [name.strip() for name in reader.fieldnames or ()]
    except FileNotFoundError:
        columns = ", ".join(REQUIRED_COLUMNS)
        raise CorpusError(f"{path}: no such file; it lists the clips, with columns {columns}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path}: not a CSV file in UTF-8: {error}") from None
    if missing := [name for name in REQUIRED_COLUMNS if name not in columns]:
        raise CorpusError(f"{path}: no column {' and '.join(missing)}; there are: {', '.join(columns)}")
    names = Counter(os.path.normpath(row["file_name"]) for row in rows if row["file_name"])
    if twice := [name for name, count in names.items() if count > 1]:
        raise CorpusError(f"{path}: named more than once: {', '.join(twice[:10])}")
    return rows


def _stripped(row: dict[str, str | list[str]]) -> Row:
    """A row without surrounding blanks; surplus cells, a list under the key "", become one string."""
    cells = {name: ",".join(cell) if isinstance(cell, list) else cell for name, cell in row.items()}
    return {name.strip(): cell.strip() for name, cell in cells.items()}


def _recordings(folder: Path, rows: list[Row], speaker: str | None) -> Iterator[Recording | Rejected]:
    """The clips that `rows` name; `speaker` is that of a row without this column."""
    for line, row in enumerate(rows, start=2):
        name = row["file_name"] or f"line {line}"
        if problem := _row_problem(folder, row):
            yield Rejected(file=name, reason=problem)
        else:
            split = SPLIT_NAMES[row["split"]] if "split" in row else None
            yield Recording(name, folder / name, row["text"], row.get("speaker", speaker), split)


def _row_problem(folder: Path, row: Row) -> str | None:
    name = row["file_name"]
    if not name:
        return "no file_name"
    if row.get(""):
        return "more cells than columns: quote a text that has commas"
    if os.path.isabs(name) or os.path.normpath(name).startswith(".."):
        return "lies outside the folder"
    if not (folder / name).is_file():
        return "no such file"
    if not row.get("speaker", ONE_SPEAKER):
        return "no speaker"
    if "split" in row and row["split"] not in SPLIT_NAMES:
        return f"unknown split {row['split']!r}: train, validation or test"
    return None
