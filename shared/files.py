"""Files that are either whole or absent: write to a new file, fsync, rename."""

import contextlib
import csv
import errno
import functools
import hashlib
import io
import json
import math
import os
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from safetensors import SafetensorError

from shared import user_files
from shared.cells import from_cell
from shared.config import ConfigError

# Why the system refuses to write, where the user can do something about it.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG)
FULL = 1 << 20  # bytes: a disk with less left than that is full


class Unwritable(ConfigError):
    """A file that the system refused to write; what was there before is whole."""


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is synced and renamed onto `path`.

    What killed processes left beside `path` is removed first.

    Raises:
        Unwritable: the disk is full or may not be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{_host()}-{os.getpid()}.tmp{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path.parent.absolute())
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    except (OSError, RuntimeError, SafetensorError) as error:
        if refused := _unwritable(path, error):
            raise refused from None
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@functools.cache
def _remove_leftovers(folder: Path) -> None:
    """Remove a folder's temporary files whose process has ended; once a process, since a folder may hold many files.

    Where several hosts share a disk, each knows of its own processes alone.
    """
    ours = re.compile(rf"\..+\.{re.escape(_host())}-(\d+)\.tmp(\..*)?")
    for name in os.listdir(folder):
        if (found := ours.fullmatch(name)) and not psutil.pid_exists(int(found[1])):
            (folder / name).unlink(missing_ok=True)


@functools.cache
def _host() -> str:
    return re.sub(r"\W", "_", socket.gethostname())


def _unwritable(path: Path, error: Exception) -> Unwritable | None:
    """What to say of a failed write. torch and safetensors don't pass on why it failed: the disk tells."""
    folder = next(each for each in path.absolute().parents if each.is_dir())
    if shutil.disk_usage(folder).free < FULL:
        reason = "no space left on the disk"
    elif isinstance(error, OSError) and error.errno in UNWRITABLE:
        reason = os.strerror(error.errno).lower()
    else:
        return None
    return Unwritable(f"{path}: {reason}; mend that and run the same command again, which goes on from here")


def beside(result: Path, own: str, name: str) -> Path:
    """The file `name` that a job wrote beside its result.

    Under runs/ a result goes by its `own` name and has a folder to itself. In the record many lie in one, each by
    another name, with which the names of the files beside it begin.
    """
    return result.with_name(name if result.name == own else f"{result.stem}_{name}")


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, data: Any) -> None:
    """Write indented JSON atomically; NaN is an error, since JSON has none."""
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_text(path: Path) -> str:
    """Read a UTF-8 text file.

    Raises:
        ConfigError: it is no file, too large, or not UTF-8.
        FileNotFoundError: it is missing.
    """
    try:
        return user_files.read_text(path)
    except user_files.Refused as error:
        raise ConfigError(str(error)) from None


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        ConfigError: it is not UTF-8, not JSON, or holds a number that is not finite, which JSON has not.
        FileNotFoundError: it is missing.
    """
    text = read_text(path)
    try:
        return json.loads(text, parse_constant=finite, parse_float=finite)
    except RecursionError:
        raise ConfigError(f"{path}: not valid JSON: nested too deep") from None
    except ValueError as error:
        raise ConfigError(f"{path}: not valid JSON: {error}") from None


def finite(text: str) -> float:
    """A finite number.

    Raises:
        ValueError: it is none.
    """
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not finite")
    return number


def read_csv(path: Path, mend: str = "") -> tuple[list[str], list[dict[str, str]]]:
    """Read a CSV file with a header: its columns, and its rows by column, texts as before `as_cell`.

    Args:
        path: the file.
        mend: what to do about one that is damaged, for the message.

    Raises:
        ConfigError: it is missing, not UTF-8, empty or cut off, names a column twice, or a row has more or fewer values
            than there are columns.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    then = f"; {mend}" if mend else ""
    if not text.endswith("\n"):
        raise ConfigError(f"{path}: {'cut off: the last line has no end' if text else 'empty file'}{then}")
    try:
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise ConfigError(f"{path}: not valid CSV: {error}{then}") from None
    if len(set(header)) < len(header):
        raise ConfigError(f"{path}: a column is there twice{then}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise ConfigError(f"{path}: row {number}: {len(row)} values in {len(header)} columns{then}")
    return header, [dict(zip(header, map(from_cell, row), strict=True)) for row in rows]


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, as hex."""
    with user_files.open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
