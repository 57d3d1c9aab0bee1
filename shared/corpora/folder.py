"""The user's own corpus: a folder of audio files with a `metadata.csv`."""

from collections import defaultdict
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from shared.config import Role
from shared.corpora.evaluable import NOTHING, Asked
from shared.corpora.locate import Locator
from shared.corpora.manifest import CorpusError, Manifest, Rejected, Split
from shared.corpora.metadata import METADATA, Row, read_metadata
from shared.corpora.recorded import RecordedConfig, Recording, build_recorded

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


class Entry(NamedTuple):
    """A row of `metadata.csv`, the path below the folder that it names, and why there is no clip, or None."""

    row: Row
    path: str
    problem: str | None


class FolderConfig(RecordedConfig):
    """A folder of audio files, in any format that soundfile reads, at any rate, mono or stereo.

    Args:
        path: the folder. Its `metadata.csv` has the columns `file_name` (relative to the folder) and `text`;
            optional are `speaker` (without it, all is one voice; sounds have none) and `split` (train,
            validation or test; without it, clips are split by share). Nothing is written in the folder. See
            `shared.corpora.metadata` for what the file may look like, `shared.corpora.locate` for names of files.
    """

    kind: Literal["folder"]
    path: Annotated[str, Role.CORPUS]


def build_folder(config: FolderConfig, output: Path, asked: Asked = NOTHING) -> Manifest:
    """Check and convert the user's clips: audio under `audio/` beside `output`, the manifest last.

    Args:
        config: the folder and what is wanted of it.
        output: where the manifest goes.
        asked: what will be asked of the corpus; see `shared.corpora.evaluable`.

    Raises:
        CorpusError: no or a wrong `metadata.csv`, more unusable clips than `max_rejected` allows, or a corpus that
            can't be evaluated.
    """
    folder = Path(config.path).expanduser()
    if output.resolve().is_relative_to(folder.resolve()):
        raise CorpusError(f"{output}: lies in the folder {folder}, where nothing is written; choose another")
    entries = read_entries(folder)
    recordings = (_recording(folder, entry, config.content == "speech") for entry in entries)
    return build_recorded(str(folder), recordings, len(entries), config, output, asked)


def source_files(path: str) -> list[Path]:
    """The files that a folder corpus is made of: `metadata.csv` and those of its clips that exist."""
    folder = Path(path).expanduser()
    return [folder / METADATA, *(folder / entry.path for entry in read_entries(folder) if entry.problem is None)]


def read_entries(folder: Path) -> list[Entry]:
    """The rows of `metadata.csv` with the files that they name.

    Raises:
        CorpusError: the file can't be read (see `read_metadata`), or names a clip twice.
    """
    locate = Locator(folder)
    entries = []
    lines: dict[str, list[int]] = defaultdict(list)
    for row in read_metadata(folder):
        name = row.cells["file_name"]
        path, problem = locate(name) if name else ("", "no file_name")
        entries.append(Entry(row, path, problem))
        if name:
            lines[path].append(row.line)
    if twice := {path: found for path, found in lines.items() if len(found) > 1}:
        listed = [f"{path} (lines {', '.join(map(str, found))})" for path, found in list(twice.items())[:10]]
        raise CorpusError(f"{folder / METADATA}: named more than once: {', '.join(listed)}")
    return entries


def _recording(folder: Path, entry: Entry, speech: bool) -> Recording | Rejected:
    cells = entry.row.cells
    name = cells["file_name"] or f"line {entry.row.line}"
    if problem := _problem(entry, speech):
        return Rejected(file=name, reason=problem)
    split = SPLIT_NAMES[cells["split"].lower()] if "split" in cells else None
    speaker = cells.get("speaker", ONE_SPEAKER) if speech else None
    return Recording(name, folder / entry.path, cells["text"], speaker, split)


def _problem(entry: Entry, speech: bool) -> str | None:
    cells = entry.row.cells
    if entry.row.surplus:
        return f"more cells than columns: quote a text that has commas (line {entry.row.line})"
    if entry.problem:
        return entry.problem
    if speech and not cells.get("speaker", ONE_SPEAKER):
        return "no speaker"
    if "split" in cells and cells["split"].lower() not in SPLIT_NAMES:
        return f"unknown split {cells['split']!r}: train, validation or test"
    return None
