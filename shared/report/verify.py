"""Whether tables, verdicts and what is drawn from all of them follow from what is committed.

All is made again in a folder of its own, of the record's own scores and the claims of today, and each number and word
is held against what is committed. Numbers may differ by TOLERANCE of their size, or by one in the last digit that a
page shows: another processor rounds otherwise.
"""

import csv
import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.config import ConfigError
from shared.files import read_text, write_text
from shared.record.again import MADE, make_again
from shared.record.files import SourceRecord, damaged, scales_with_results
from shared.record.history import FILE as HISTORY
from shared.record.history import Past, history
from shared.record.processors import compare_processors
from shared.record.table import to_csv
from shared.report.summary import evidence, load_scales, summarise_all

TOLERANCE, LEAST = 1e-4, 1e-9
ABSENT = "nothing"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
Studies = dict[str, dict[str, list[str]]]  # source → study → variants


def verify(
    results: Path, replications: Path, studies: Studies, titles: dict[str, str], scale: str | None, asked: list[str]
) -> list[str]:
    """A line for each difference.

    Args:
        results: the record.
        replications: where the sources lie.
        studies: what claims may name, of each source.
        titles: of each source.
        scale: only this one; None: all but smoke.
        asked: only these sources, and not what is drawn from all; none: all.

    Raises:
        ConfigError: there is no such record, or a file of it is damaged.
    """
    scales = load_scales(results, _chosen(results, scale))
    for sources in scales.values():
        if broken := damaged(sources):
            raise ConfigError("\n".join(["the record is damaged, and can't be made again", *broken]))
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "results"
        found = [
            line
            for name, sources in scales.items()
            for source in sources
            if not asked or source.name in asked
            for line in _verify_source(source, made / name / source.name, replications / source.name, studies)
        ]
        if asked:
            return found
        histories = [line for name in scales for line in _verify_history(results / name, Path(folder) / name)]
        return [*found, *_verify_summary(results, made, titles, scale), *histories]


def compare_runs(results: Path, scale: str | None, asked: list[str]) -> Iterator[str]:
    """Of each study with runs of several processors, whether these differ."""
    for sources in load_scales(results, _chosen(results, scale)).values():
        for source in sources:
            for study in source.studies.values() if not asked or source.name in asked else ():
                if line := compare_processors(study):
                    yield f"{source.name} {study.name}: {line}"


def _chosen(results: Path, scale: str | None) -> list[str] | None:
    """The scales to look at; smoke, which is no evidence and not in Git, only where it is asked for."""
    return [scale] if scale else evidence(scales_with_results(results)) or None


def _verify_source(source: SourceRecord, made: Path, folder: Path, studies: Studies) -> Iterator[str]:
    """Make a source's studies again in `made`."""
    shutil.copytree(source.folder, made)
    for name in source.studies:
        try:
            make_again(made, name, folder, studies.get(source.name, {}), today=False)
        except ConfigError as error:
            yield str(error).replace(str(made), str(source.folder))
            continue
        for end in MADE.values():
            yield from differences(source.folder / f"{name}{end}", made / f"{name}{end}")


def _verify_history(folder: Path, made: Path) -> Iterator[str]:
    """Draw what earlier records said of Git again, where it knows."""
    past, why_kept = history(folder)
    if not why_kept and (folder / HISTORY).exists():
        write_text(made / HISTORY, to_csv(past, Past))
        yield from differences(folder / HISTORY, made / HISTORY)


def _verify_summary(results: Path, made: Path, titles: dict[str, str], scale: str | None) -> Iterator[str]:
    """Draw from all of it again, but for the pictures; with what earlier records said as committed."""
    for path in results.glob(f"*/{HISTORY}"):
        if (made / path.parent.name).exists():
            shutil.copyfile(path, made / path.relative_to(results))
    page, drawn = results.parent / "docs/RESULTS.md", made.parent / "docs/RESULTS.md"
    if scale is None and page.exists():
        drawn.parent.mkdir()
        shutil.copyfile(page, drawn)
    for path in summarise_all(made, titles, scale, drawn, draw=False):
        yield from differences(page if path == drawn else results / path.relative_to(made), path)


def differences(committed: Path, made: Path) -> Iterator[str]:
    """A line for each value in which a file differs from the same made again."""
    if not committed.exists():
        yield f"{committed}: missing, and should be there"
        return
    before, after = (_values(path) for path in (committed, made))
    for row in dict.fromkeys([*before, *after]):
        if row not in before or row not in after:
            yield f"{committed}: {row}: {'committed' if row in before else 'made again'} alone"
            continue
        for column in dict.fromkeys([*before[row], *after[row]]):
            one, other = (values[row].get(column, ABSENT) for values in (before, after))
            if not _alike(one, other, page=committed.suffix == ".md"):
                yield f"{committed}: {row}{column}: committed {one!r}, made again {other!r}"


def _values(path: Path) -> dict[str, dict[str, Any]]:
    """What a file says, by row and column."""
    text = read_text(path)
    if path.suffix == ".csv":
        header, *rows = csv.reader(io.StringIO(text, newline=""))
        columns = [f", {name}" for name in header]
        return {key: dict(zip(columns, row, strict=True)) for key, row in zip(_keys(header, rows), rows, strict=True)}
    if path.suffix == ".json":
        return {place: {"": value} for place, value in _leaves(json.loads(text))}
    return {f"line {number}": {"": line} for number, line in enumerate(text.splitlines(), start=1)}


def _keys(header: list[str], rows: list[list[str]]) -> list[str]:
    """What names a row: a claim's id, or whose value it is of what."""
    by = [name for name in ("source", "study", "id", "variant", "side", "metric", "claim", "commit") if name in header]
    return [" ".join(row[header.index(name)] for name in by) for row in rows]


def _leaves(data: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict | list):
        for name, each in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _leaves(each, f"{place}.{name}" if place else str(name))
    else:
        yield place, data


def _alike(one: Any, other: Any, page: bool) -> bool:
    """Whether two values, or texts with numbers in them, are the same but for rounding, of which a page does more."""
    if one == other:
        return True
    first, second = (str(each) for each in (one, other))
    words = NUMBER.split(first) == NUMBER.split(second)
    pairs = zip(NUMBER.findall(first), NUMBER.findall(second), strict=True) if words else ()
    return words and all(_close(*pair, page) for pair in pairs)


def _close(one: str, other: str, page: bool) -> bool:
    shown = page and "." in one and "e" not in one
    last = 1.001 * 10.0 ** -len(one.partition(".")[2]) if shown else 0.0
    allowed = max(TOLERANCE * abs(float(one)), LEAST, last)
    return abs(float(one) - float(other)) <= allowed
