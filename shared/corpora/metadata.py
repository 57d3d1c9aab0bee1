"""`metadata.csv` of the user's folder: comma-separated UTF-8 (RFC 4180), every row accounted for or an error."""

import codecs
import csv
import io
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from shared.corpora.manifest import CorpusError
from shared.user_files import read_file

METADATA = "metadata.csv"
REQUIRED_COLUMNS = ("file_name", "text")
COLUMNS = (*REQUIRED_COLUMNS, "speaker", "split")
OTHER_SEPARATORS = {";": ";", "\t": "tabs", "|": "|"}
LINE_END = re.compile(r"\r\n|\r|\n")
QUOTING = 'quote the whole cell and double each quotation mark in it: """Yes,"" he said"'


class Row(NamedTuple):
    """A row that is not blank.

    Attributes:
        line: where it begins in the file, counted from 1.
        cells: by column, without surrounding blanks; a missing one is empty.
        surplus: whether something stands behind the last column that has a name.
    """

    line: int
    cells: dict[str, str]
    surplus: bool


def read_metadata(folder: Path) -> list[Row]:
    """The rows of `metadata.csv` in `folder`, in order. Names of columns are taken in any case.

    Raises:
        CorpusError: the folder or the file is missing, the file is not comma-separated UTF-8, a quotation mark goes
            astray, a column is missing or there twice, or there is no row.
    """
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder")
    path = folder / METADATA
    lines = io.StringIO(_text(path), newline="").readlines()
    _check_separator(path, lines)
    parsed = list(_parse(path, lines)) or [(1, [])]
    columns = _columns(path, parsed[0][1])
    rows = [_row(line, cells, columns) for line, cells in parsed[1:]]
    suffixes = {_suffix(row.cells["file_name"]) for row in rows}
    for line, cells in parsed:
        _check_swallowed(path, line, cells, columns, suffixes - {""})
    if not rows:
        raise CorpusError(f"{path}: no clips: no row below the names of the columns")
    return rows


def _text(path: Path) -> str:
    try:
        content = read_file(path, path.parent)
    except FileNotFoundError:
        columns = ", ".join(REQUIRED_COLUMNS)
        raise CorpusError(f"{path}: no such file; it lists the clips, with columns {columns}") from None
    except OSError as error:
        raise CorpusError(f"{path}: not readable: {error.strerror}") from None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise CorpusError(f"{path}: not a CSV file in UTF-8 but in UTF-16; save it as CSV in UTF-8")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = _line_after(content[: error.start].decode("utf-8"))
        byte = f"byte 0x{content[error.start]:02X}"
        raise CorpusError(f"{path}: line {line}: not a CSV file in UTF-8 ({byte}); save it as CSV in UTF-8") from None
    if "\0" in text:
        line = _line_after(text.partition("\0")[0])
        raise CorpusError(f"{path}: line {line}: not a CSV file in UTF-8 (a NUL byte); save it as CSV in UTF-8")
    return text


def _line_after(text: str) -> int:
    return 1 + len(LINE_END.findall(text))


def _check_separator(path: Path, lines: list[str]) -> None:
    """Refuse other separators than commas; a first line `sep=,`, by which spreadsheets are told, becomes blank."""
    if lines and (told := re.fullmatch(r"sep=(.)\s*", lines[0], re.IGNORECASE)):
        if told[1] != ",":
            raise _separated_by(path, told[1], lines[0])
        lines[0] = "\n"
    header = next((line for line in lines if line.strip()), "")
    for separator in OTHER_SEPARATORS:
        names = {name.strip(' \r\n"').lower() for name in header.split(separator)}
        if names.issuperset(REQUIRED_COLUMNS):
            raise _separated_by(path, separator, header)


def _separated_by(path: Path, separator: str, header: str) -> CorpusError:
    name = OTHER_SEPARATORS.get(separator, separator)
    advice = f"separated by {name}; save it separated by commas, cells that hold commas in quotation marks"
    return CorpusError(f"{path}: no column {' and '.join(REQUIRED_COLUMNS)}; there are: {header.strip()}; {advice}")


def _parse(path: Path, lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row that is not blank."""
    reader = csv.reader(lines, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise _astray(path, line, _what_is_wrong(error, reader.line_num)) from None


def _what_is_wrong(error: csv.Error, line: int) -> str:
    if "expected after" in str(error):
        return f"text follows the one that closes it, on line {line}"
    if "unexpected end" in str(error):
        return "none closes it"
    return f"its cell does not end: {error}"


def _astray(path: Path, line: int, problem: str) -> CorpusError:
    return CorpusError(f"{path}: line {line}: a quotation mark opens a cell, and {problem}; {QUOTING}")


def _columns(path: Path, header: list[str]) -> list[str]:
    """Names of the columns up to the last that has one, in lower case; that of an index of the rows is empty."""
    columns = [name.strip().lower() for name in header]
    while columns and not columns[-1]:
        columns.pop()
    if missing := [name for name in REQUIRED_COLUMNS if name not in columns]:
        there = ", ".join(" ".join(name.split()) for name in header) or "none"
        advice = "the first row names the columns"
        raise CorpusError(f"{path}: no column {' and '.join(missing)}; there are: {there}; {advice}")
    if twice := [name for name in COLUMNS if columns.count(name) > 1]:
        raise CorpusError(f"{path}: {columns.count(twice[0])} columns are named {twice[0]}; leave one of them")
    return columns


def _row(line: int, cells: list[str], columns: list[str]) -> Row:
    cells = [cell.strip() for cell in cells]
    named = {name: cells[place] if place < len(cells) else "" for place, name in enumerate(columns) if name}
    return Row(line, named, any(cells[len(columns) :]))


def _check_swallowed(path: Path, line: int, cells: list[str], columns: list[str], suffixes: set[str]) -> None:
    """Refuse a cell of several lines of which one looks like a row.

    Where one text begins with a stray quotation mark and a later one ends with one, all between them is a legal cell.
    """
    for cell in cells:
        for before, after in pairwise(LINE_END.split(cell)):
            for name in _names_in(before, after, columns):
                if _suffix(name) in suffixes or os.path.isfile(path.parent / name):
                    raise _astray(path, line, f"the cell goes on over what looks like the row of {name}")


def _names_in(before: str, after: str, columns: list[str]) -> Iterator[str]:
    """What would be the `file_name` of a row that ends with the line `before`, and of one that begins with `after`."""
    place = columns.index("file_name")
    ending, beginning = before.split(","), after.split(",")
    if len(ending) > 1 and len(ending) >= len(columns) - place:
        yield ending[place - len(columns)].strip(' "')
    if len(beginning) > max(1, place):
        yield beginning[place].strip(' "')


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()
