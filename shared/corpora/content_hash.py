"""A hash of what a folder holds, whatever its place and its files' times; quick where nothing has changed.

Hashes of single files are kept in a cache, each with what the file system said of the file, which changes with the
content. The cache saves time and nothing else: a lost or damaged one is made again.
"""

import contextlib
import os
import time
import unicodedata
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from shared.config import Strict, digest
from shared.corpora.folder import source_files
from shared.corpora.manifest import CorpusError
from shared.files import Unwritable, read_json, sha256, write_json
from shared.progress import Progress

# Reading less than this, in bytes and files, takes about a second, and nobody is told.
QUIET_BYTES, QUIET_FILES = 500_000_000, 2000
# File systems that keep times coarsely don't tell two changes apart that lie closer together.
SETTLED_NS = 3_000_000_000


class State(NamedTuple):
    """What the file system says of a file; whoever changes the content changes `ctime_ns`, which can't be set."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class Known(Strict):
    """The hash of a file that was in this state."""

    state: State
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Cache(Strict):
    """Files of one folder, by path below it."""

    files: dict[str, Known]


def content_hash(folder: str, caches: Path) -> str:
    """Hash of `metadata.csv` of a folder corpus, and of the names and the content of the clips that are there.

    Args:
        folder: of the user's audio.
        caches: folder of the project where hashes of single files are kept.

    Raises:
        CorpusError: `metadata.csv` is wrong, or a file can't be read.
    """
    root = Path(folder).expanduser()
    return hash_files(root, [path.relative_to(root).as_posix() for path in source_files(folder)], caches)


def hash_files(root: Path, names: list[str], caches: Path) -> str:
    """Hash of the names and the content of files.

    Args:
        root: the folder that they lie in.
        names: paths below it.
        caches: folder of the project where hashes of single files are kept.

    Raises:
        CorpusError: a file can't be read.
    """
    cache = caches / f"{digest(str(root.resolve()))}.json"
    settled = time.time_ns() - SETTLED_NS
    files = {name: _state(os.path.join(root, name)) for name in names}
    known = _read(cache)
    current = {name: known[name] for name in names if name in known and known[name].state == files[name]}
    found = current | _hash_all(root, {name: state for name, state in files.items() if name not in current})
    kept = {name: each for name, each in found.items() if each.state.ctime_ns < settled}
    if kept != known:
        _write(cache, kept)
    # As one system writes a name or as another does.
    return digest(sorted([unicodedata.normalize("NFC", name), each.sha256] for name, each in found.items()), length=16)


def _read(cache: Path) -> dict[str, Known]:
    """The hashes that are known; none if the cache is missing or damaged."""
    try:
        return Cache.model_validate(read_json(cache)).files
    except (OSError, ValueError, RecursionError):
        return {}


def _write(cache: Path, files: dict[str, Known]) -> None:
    """Keep the hashes, where the project can be written to."""
    with contextlib.suppress(OSError, Unwritable):
        write_json(cache, Cache(files=files).model_dump(mode="json"))


def _state(path: str) -> State:
    try:
        stat = os.stat(path)
    except OSError as error:
        raise CorpusError(f"{path}: not readable: {error.strerror}") from None
    return State(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def _hash_all(root: Path, files: dict[str, State]) -> dict[str, Known]:
    much = sum(state.size for state in files.values()) > QUIET_BYTES or len(files) > QUIET_FILES
    progress = Progress(f"content of {root}", len(files), unit="file") if much else None
    found = {}
    for name, state in files.items():
        try:
            found[name] = Known(state=state, sha256=sha256(root / name))
        except OSError as error:
            raise CorpusError(f"{root / name}: not readable: {error.strerror}") from None
        if progress:
            progress.update()
    return found
