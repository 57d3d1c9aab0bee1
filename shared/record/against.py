"""Somebody else's run of a study against ours and the paper's: what differs in provenance, then what in numbers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from shared.config import ConfigError
from shared.files import read_json
from shared.record.files import SourceRecord, StudyRecord, load_source, scales_with_results, study_names
from shared.record.table import Ends, Row, measured
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import Verdict

# Of a provenance file, what can make numbers differ, by what people call it.
ASPECTS = {
    "scale": ("scale",),
    "seeds": ("seeds",),
    "settings": ("config_hash",),
    "corpora": ("corpus_hash",),
    "commit": ("commit",),
    "uncommitted changes": ("dirty",),
    "packages": ("lock_hash",),
    "processor": ("hardware", "processor"),
    "GPU": ("hardware", "gpu"),
    "Python": ("hardware", "python"),
    "torch": ("hardware", "torch"),
}


def find_theirs(path: Path, source: str, scale: str) -> SourceRecord:
    """A source's record under `path`: its own folder, one that holds the source, or one that holds scales.

    Raises:
        ConfigError: there is none, or at several scales and not at `scale`.
    """
    if not path.is_dir():
        raise ConfigError(f"{path}: no such folder")
    scales = [name for name in scales_with_results(path) if study_names(path / name / source)]
    at_scale = [path / scale / source] if scale in scales else [path / name / source for name in scales]
    for place in (path, path / source):
        if study_names(place):
            return load_source(place, source)
    if not at_scale:
        raise ConfigError(f"{path}: no results of {source} here; expected {source}/<study>.csv or <scale>/{source}/")
    if len(at_scale) > 1:
        raise ConfigError(f"{path}: results of {source} at scales {', '.join(scales)}; name the folder of one of them")
    return load_source(at_scale[0])


def compare_records(ours: SourceRecord, theirs: SourceRecord, names: list[str]) -> str:
    """The comparison of these studies, as text.

    Raises:
        ConfigError: no study is in both.
    """
    both = [name for name in names if name in ours.studies and name in theirs.studies]
    if not both:
        there = f"{theirs.folder} has {', '.join(theirs.studies)}"
        raise ConfigError(f"{ours.folder} and {theirs.folder} share none of {', '.join(names)}; {there}")
    lines = [f"ours:   {ours.folder}", f"theirs: {theirs.folder}", ""]
    for name in both:
        lines += [f"{ours.name}, {name}", "", *_compare(ours.studies[name], theirs.studies[name]), ""]
    return "\n".join(lines)


def _compare(ours: StudyRecord, theirs: StudyRecord) -> Iterator[str]:
    if broken := ours.damage | theirs.damage:
        yield f"  left out, as it is damaged: {', '.join(map(str, broken))}"
        return
    for part in (ours.table, ours.provenance, theirs.table, theirs.provenance):
        if part.value is None:
            yield f"  {part.path}: missing"
    if ours.provenance.value and theirs.provenance.value:
        yield from _provenance(read_json(ours.provenance.path), read_json(theirs.provenance.path))
    if ours.table.value and theirs.table.value:
        yield ""
        yield from _numbers(ours.table.value, theirs.table.value)
    if ours.verdicts.value and theirs.verdicts.value:
        yield ""
        yield from _verdicts(ours.verdicts.value, theirs.verdicts.value)


def _provenance(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[str]:
    values = {name: (_get(ours, path), _get(theirs, path)) for name, path in ASPECTS.items()}
    # Without commits there is no telling whether the code is the same.
    different = [name for name, (a, b) in values.items() if a != b or (name == "commit" and a is None)]
    yield f"  same: {', '.join(name for name in values if name not in different) or 'nothing'}"
    for name in different:
        yield from (f"  {name + ':':21} ours {_show(values[name][0])}", f"  {'':21} theirs {_show(values[name][1])}")
    yield f"  {_meaning(different)}"


def _meaning(different: list[str]) -> str:
    if "scale" in different:
        return "Another scale: compare order and shape, not values."
    if "settings" in different or "corpora" in different:
        return "Not the same experiment: settings or corpora differ."
    if "seeds" in different:
        return "The same experiment with other seeds: values differ by training noise."
    if different:
        return "The same experiment. The same values are promised on the same machine, with the same code and packages."
    return "The same experiment on the same kind of machine: the values should be the same to the digit."


def _get(data: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _show(value: Any) -> str:
    if value is None:
        return "not recorded"
    if isinstance(value, dict):
        return " ".join(f"{key} {each}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(str(each)[:16] for each in value) or "none"
    return str(value)


def _numbers(ours: list[Row], theirs: list[Row]) -> Iterator[str]:
    """A line for each value that both have."""
    others = {(row.variant, row.side, row.metric): row for row in measured(theirs)}
    shared = [row for row in measured(ours) if (row.variant, row.side, row.metric) in others]
    apart = 0
    for row in shared:
        other, show = others[row.variant, row.side, row.metric], STATISTICS[row.metric].show
        disjoint = _disjoint(row.ends, other.ends)
        apart += disjoint
        cells = (f"{show(each.value)}{_ends(each, show)}" for each in (row, other))
        what = f"{row.side} {STATISTICS[row.metric].label}, {row.label}"
        ours_cell, theirs_cell = cells
        note = "  intervals apart" if disjoint else ""
        yield f"  {what:52} ours {ours_cell:28} theirs {theirs_cell:28} paper {show(row.paper)}{note}"
    yield f"  {len(shared)} values in both, {apart} with intervals apart"


def _disjoint(ours: Ends, theirs: Ends) -> bool:
    """Whether there are two intervals that have no value in common."""
    return ours is not None and theirs is not None and (ours[0] > theirs[1] or ours[1] < theirs[0])


def _ends(row: Row, show: Callable[[float], str]) -> str:
    return "" if row.ends is None else " [{}, {}]".format(*map(show, row.ends))


def _verdicts(ours: list[Verdict], theirs: list[Verdict]) -> Iterator[str]:
    others = {each.id: each for each in theirs}
    shared = [(each, others[each.id]) for each in ours if each.id in others]
    changed = [(a, b) for a, b in shared if a.verdict != b.verdict]
    yield f"  {len(shared)} claims in both, {len(shared) - len(changed)} with the same verdict"
    for a, b in changed:
        yield f"  {a.text} ({a.where}): ours {a.verdict}, theirs {b.verdict}"
