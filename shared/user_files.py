"""Files that users give: opened if they are files, lie in the folder that names them, and are no larger than expected.

A pipe would be waited for, a device may have no end, and a link may lead to what nobody meant to publish.
"""

import errno
import os
import re
import stat
from io import BufferedReader
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

TEXT = 1 << 30  # bytes that a file which is read whole may have
AUDIO = 1 << 32  # and a recording
KINDS = {
    stat.S_IFDIR: "a folder, not a file",
    stat.S_IFIFO: "a pipe, not a file",
    stat.S_IFSOCK: "a socket, not a file",
    stat.S_IFCHR: "a device, not a file",
    stat.S_IFBLK: "a device, not a file",
}
UNSAFE = re.compile(r"[^\w .,+=@-]")


class Refused(OSError, ValueError):
    """A file that is there and is not read; `reason` and, as for what the system refuses, `strerror` say why."""

    def __init__(self, reason: str, path: Path):
        super().__init__(errno.EINVAL, reason, str(path))
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.filename}: {self.reason}"


def open_file(path: Path, folder: Path | None = None, most: int | None = None) -> BufferedReader:
    """Open a file to read its bytes.

    Args:
        path: which.
        folder: where it must lie, with all links followed, if that is asked.
        most: bytes that it may have; by default any number.

    Raises:
        Refused: it is no file, leads out of the folder, or is too large.
        OSError: the system does not open it.
    """
    _check_kind(path, os.stat(path).st_mode)
    if folder is not None and (reason := leads_out(path, os.path.realpath(folder))):
        raise Refused(reason, path)
    # Should a pipe have taken its place since, it is not waited for.
    file = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")  # noqa: SIM115
    try:
        state = os.fstat(file.fileno())
        _check_kind(path, state.st_mode)
        if most is not None and state.st_size > most:
            raise Refused(f"larger than {_show(most)}", path)
    except BaseException:
        file.close()
        raise
    return file


def read_file(path: Path, folder: Path | None = None, most: int = TEXT) -> bytes:
    """The bytes of a file; see `open_file`."""
    with open_file(path, folder, most) as file:
        content = file.read(most + 1)  # some files of the system have more than they say
    if len(content) > most:
        raise Refused(f"larger than {_show(most)}", path)
    return content


def read_text(path: Path, folder: Path | None = None, most: int = TEXT) -> str:
    """A UTF-8 text, its lines ended by LF; see `open_file`.

    Raises:
        Refused: it is not UTF-8, or what `open_file` refuses.
    """
    try:
        text = read_file(path, folder, most).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"not UTF-8 (byte {error.start}: {error.object[error.start]:#04x})", path) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def leads_out(path: Path | str, root: Path | str) -> str | None:
    """Why a path is not below a folder, all links followed, or None.

    The folder may lie behind links itself; `root` is its `os.path.realpath`.
    """
    target = os.path.realpath(path)
    if os.path.commonpath([target, root]) == str(root):
        return None
    return f"a link that leads out of the folder, to {target}; put the file itself there, or a hard link to it"


def kind_problem(mode: int) -> str | None:
    """What a file of this mode is instead of a file, or None."""
    return None if stat.S_ISREG(mode) else KINDS.get(stat.S_IFMT(mode), "not a file")


def file_name(text: str) -> str:
    """A text as one part of a path: `.` and `/` lead nowhere. What is a plain name stays as it is."""
    name = UNSAFE.sub("_", text)
    return name if name.strip(".") else "_" * max(1, len(name))


def _below(path: str) -> str:
    if os.path.isabs(path) or os.pardir in Path(path).parts or "\0" in path:
        raise ValueError("must lead to a file below its folder")
    return path


Below = Annotated[str, AfterValidator(_below)]  # a path, relative to the folder of the file that has it


def _check_kind(path: Path, mode: int) -> None:
    if reason := kind_problem(mode):
        raise Refused(reason, path)


def _show(size: int) -> str:
    return f"{size / 2**30:g} GiB" if size >= 1 << 30 else f"{size / 2**20:g} MiB"
