"""What the records of a study said before: each state of its verdicts in Git's history, oldest first.

A record is a state of `results/<label>/<source>/<study>_verdicts.csv` whose claims, verdicts, margins or seeds differ
from those of the state before. It rests on *new* runs, or on *more seeds* of the same config, or is the same runs *read
again* by other rules or claims: then no value in the study's table that is a sum over clips has changed. The last one
is the record that lies there; it has no commit, as a commit can't hold its own name.

Where Git has no history (a shallow clone, a download), what `history.csv` says is what is known.
"""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

from shared.files import read_text
from shared.record.ledger import Place
from shared.record.origin import REFUSED, environment, git, refused
from shared.record.table import read_models
from shared.statistics.catalogue import MEASURED_APART, STATISTICS

FILE = "history.csv"
VERDICTS_END = "_verdicts.csv"
NEW, GROWN, AGAIN = "new", "more seeds", "read again"
PROVENANCE_END = "_provenance.json"


class Past(Place):
    """What a record said of one claim; `history.csv` has a row for each.

    Attributes:
        date, commit: of the commit that holds the record; None: the record that lies there.
        seeds: training runs of each variant.
        margin: on `scale`; without one in the metric's own unit, as older records have it.
        runs: whether the record rests on other runs than the one before, on more, or on the same.
        last_seed: the greatest training seed; None: not known.
    """

    FROM_TEXT: ClassVar[bool] = True

    claim: str
    date: str | None
    commit: str | None
    seeds: int
    verdict: str
    margin: float | None
    scale: str | None
    runs: Literal["new", "more seeds", "read again"]
    last_seed: int | None = None


class NoHistory(Exception):
    """Git can't tell what was before; the message says why."""


class Said(NamedTuple):
    """Of one claim."""

    claim: str
    verdict: str
    margin: float | None
    scale: str | None
    seeds: int


class Config(NamedTuple):
    """Of a study."""

    name: str | None
    seeds: frozenset[int]


@dataclass(frozen=True)
class State:
    """A study's verdicts at a commit.

    Attributes:
        values: of its table, by variant, side and metric.
        config: a hash, and which training seeds.
        before: both, as the record had them that it replaced: a hash may have been computed anew since that was made.
    """

    date: str | None
    commit: str | None
    claims: list[Said]
    values: dict[tuple[str, ...], str]
    config: Config
    before: Config


def history(folder: Path) -> tuple[list[Past], str]:
    """What Git and the record that lies there say, or else history.csv; and why it is that, if it is.

    Args:
        folder: results/<label>.

    Raises:
        ConfigError: history.csv is damaged.
    """
    path = folder / FILE
    kept = read_models(path, Past) if path.exists() else []
    try:
        found, commits = from_git(folder)
    except NoHistory as error:
        return kept, f"{path}: {'kept as it is' if kept else 'not written'}, as earlier records are not known: {error}"
    if unknown := {past.commit for past in kept if past.commit} - commits:
        lacking = f"{len(unknown)} of its commits are not in Git's history here; delete it to draw it anew"
        return kept, f"{path}: kept as it is: {lacking}"
    return found, ""


def from_git(folder: Path) -> tuple[list[Past], set[str]]:
    """All records of each study, and all commits that touched verdicts.

    Raises:
        NoHistory: Git is not there, or does not know what was before.
    """
    results, label = folder.absolute().parent, folder.absolute().name
    touched = _touched(results)
    found: list[Past] = []
    lying = {path.relative_to(results).as_posix() for path in folder.absolute().glob(f"*/*{VERDICTS_END}")}
    names = [name for name in sorted({*lying, *touched}) if len(Path(name).parts) == 3 and Path(name).parts[0] == label]
    files = [each.path_there for name in names for each in touched.get(name, [])]
    of_head = [_of_study(f"HEAD:./{name}")[-1] for name in names]
    contents = _contents(results, [*of_head, *(name for file in files for name in _needed(file))])
    for name in names:
        _, source, file = Path(name).parts
        states = [state for each in touched.get(name, []) if (state := _committed(each, contents))]
        place = {"source": source, "study": file.removesuffix(VERDICTS_END)}
        before = contents.get(_of_study(f"HEAD:./{name}")[-1], "")
        found += _rows(place, _records(states, _lying(results / name, before)))
    return found, {each.commit for name in names for each in touched.get(name, [])}


class _Touch(NamedTuple):
    commit: str
    date: str
    path: str

    @property
    def path_there(self) -> str:
        """As Git names a file of a commit, from the folder of all records."""
        return f"{self.commit}:./{self.path}"


def _touched(results: Path) -> dict[str, list[_Touch]]:
    """By the path that a file of verdicts has now or had last, what changed it, oldest first, also by other names."""
    try:
        shallow = git("rev-parse", "--is-shallow-repository", folder=results)
        if refused(shallow):
            raise NoHistory(REFUSED)
        if shallow.returncode:
            raise NoHistory("not a Git checkout")
        if shallow.stdout.strip() != "false":
            raise NoHistory("a shallow clone (git fetch --unshallow)")
        # A record that was made on a branch is one, too, although another took its place when the branch was merged.
        log = git(
            "-c", "core.quotePath=false", "log", "--full-history", "--author-date-order", "--reverse", "--relative",
            "--name-status", "-M", "-l0", "--no-show-signature", "--no-color", "--format=@%H\t%ad", "--date=short",
            "--", f"*{VERDICTS_END}",
            folder=results,
        )  # fmt: skip
    except (FileNotFoundError, PermissionError):
        raise NoHistory("git is not installed") from None
    found: dict[str, list[_Touch]] = {}
    commit = date = ""
    for line in log.stdout.splitlines():
        if line.startswith("@"):
            commit, date = line[1:].split("\t")
        elif line and line[0] in "AMR":
            _, *names = line.split("\t")
            before = found.pop(names[0], []) if line[0] == "R" else []
            found.setdefault(names[-1], []).extend([*before, _Touch(commit, date, names[-1])])
    return found


def _committed(touch: _Touch, contents: dict[str, str]) -> State | None:
    """What a commit holds; None, and a line on stderr, where that is no file of verdicts."""
    if touch.path_there not in contents:
        raise NoHistory(f"Git lacks {touch.path_there}")
    try:
        return _state(touch.date, touch.commit, [contents.get(name, "") for name in _needed(touch.path_there)])
    except (KeyError, TypeError, ValueError):
        print(f"{touch.path_there}: no verdicts; left out of the history", file=sys.stderr)
        return None


def _contents(results: Path, names: list[str]) -> dict[str, str]:
    """Files of commits by `commit:./path`; those that are missing are left out."""
    command, given = ["git", "cat-file", "--batch"], "".join(f"{name}\n" for name in names).encode()
    answer = subprocess.run(command, cwd=results, env=environment(), input=given, capture_output=True).stdout
    found = {}
    for name in names:
        head, _, answer = answer.partition(b"\n")
        if head.count(b" ") == 2 and head.split()[1] == b"blob":
            size = int(head.split()[2])
            found[name], answer = answer[:size].decode("utf-8", "replace"), answer[size + 1 :]
    return found


def _lying(path: Path, before: str) -> State | None:
    """The record that lies there; None where there is none that can be read, which is said elsewhere.

    Args:
        path: its verdicts.
        before: the provenance of the record that was committed last.
    """
    try:
        files = [Path(name) for name in _of_study(str(path))]
        return _state(None, None, [*(read_text(file) if file.exists() else "" for file in files), before])
    except (KeyError, TypeError, ValueError):
        return None


def _of_study(verdicts: str) -> list[str]:
    """The files of a study that say what it is: verdicts, table and provenance."""
    return [verdicts.removesuffix(VERDICTS_END) + end for end in (VERDICTS_END, ".csv", PROVENANCE_END)]


def _needed(committed: str) -> list[str]:
    """`commit:path` of all that a state is made of: a study's files, and the provenance that was there before."""
    files = _of_study(committed)
    return [*files, files[-1].replace(":", "^:", 1)]


def _state(date: str | None, commit: str | None, texts: list[str]) -> State:
    """What these files say, of which but the first any may be missing.

    Raises:
        KeyError, ValueError: one is no such file.
    """
    verdicts, table, provenance, before = texts
    return State(date, commit, _said(verdicts), _values(table), _config(provenance), _config(before))


def _config(provenance: str) -> Config:
    made = json.loads(provenance or '{"config_hash": null, "seeds": []}')
    return Config(made["config_hash"], frozenset(made["seeds"]))


def _said(text: str) -> list[Said]:
    """The claims of a file of verdicts, as any version has written it.

    Raises:
        KeyError, ValueError: it is none.
    """
    rows = csv.DictReader(io.StringIO(text))
    if lacking := {"id", "verdict", "margin", "seeds"} - set(rows.fieldnames or ()):
        raise KeyError(*lacking)
    return [
        Said(row["id"], row["verdict"], float(row["margin"]) if row["margin"] else None, row.get("scale") or None,
             int(row["seeds"] or ""))
        for row in rows
    ]  # fmt: skip


def _values(text: str) -> dict[tuple[str, ...], str]:
    """By variant, side and metric the values of a table that are sums over clips, which other code does not change."""
    found: dict[tuple[str, ...], str] = {}
    for row in csv.DictReader(io.StringIO(text)):
        statistic = STATISTICS.get(row["metric"])
        if statistic and row["value"] and not statistic.of_set and row["metric"] not in MEASURED_APART:
            found[row["variant"], row["side"], row["metric"]] = row["value"]
    return found


def _records(states: list[State], lying: State | None) -> list[State]:
    """Those that say something else than the one before; the one that lies there takes the place of its commit's."""
    found: list[State] = []
    for state in states:
        if not found or state.claims != found[-1].claims:
            found.append(state)
    if lying is None:
        return found
    if found and found[-1].claims == lying.claims:
        return [*found[:-1], replace(found[-1], date=None, commit=None)]
    return [*found, lying]


def _rows(place: dict[str, str], records: list[State]) -> Iterator[Past]:
    before = None
    for record in records:
        runs = NEW if before is None else _runs(before, record)
        for claim in record.claims:
            last = max(record.config.seeds, default=None)
            yield Past(**place, date=record.date, commit=record.commit, runs=runs, last_seed=last, **claim._asdict())
        before = record


def _runs(before: State, record: State) -> str:
    common = before.values.keys() & record.values.keys()
    unchanged = all(before.values[key] == record.values[key] for key in common)
    if unchanged and (common or before.config == record.config):
        return AGAIN
    grown = record.before.name == record.config.name and record.before.seeds < record.config.seeds
    return GROWN if grown else NEW
