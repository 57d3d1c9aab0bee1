"""A study as the page shows it: figure, the paper's numbers, tables, claims, cost and files."""

import math
from dataclasses import dataclass
from pathlib import Path

from shared.config import ConfigError
from shared.record.files import StudyRecord, load
from shared.record.ledger import Judged
from shared.record.readers import score_files, scored
from shared.record.table import SIDE_TITLES, Measured, Row, measured
from shared.report import cost
from shared.report.evidence import evidence
from shared.statistics.catalogue import MEASURED_APART, STATISTICS
from shared.statistics.claims import CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE, PILOT, REPRODUCED, Claim
from shared.statistics.scores import GROUND_TRUTH, ScoreFile, read_scores

# Told apart by word and sign, not by colour alone.
SIGNS = {REPRODUCED: "✓", CONTRADICTED: "✗", INCONCLUSIVE: "?", PILOT: "1", NOT_TESTABLE: "–"}
CLASSES = {each: "untested" if each == NOT_TESTABLE else each for each in SIGNS}
MEANINGS = {
    REPRODUCED: "the training runs show it: if it did not hold, they would do so at most 2.5 % of the time",
    CONTRADICTED: "they show the opposite, as surely",
    INCONCLUSIVE: "they show neither, or not after correction for the number of claims",
    PILOT: "one training run of each variant: it has a value, and no verdict",
    NOT_TESTABLE: "it can't be asked at this scale; the reason is given, with its number",
}
FEW = 2  # metrics of a side that a figure's text alternative gives


@dataclass(frozen=True)
class ShownClaim:
    """One claim with the verdict that stands and what that rests on."""

    verdict: str
    origin: str
    primary: bool
    text: str
    where: str
    evidence: str

    @property
    def sign(self) -> str:
        """A mark for the verdict, which does without colour."""
        return SIGNS[self.verdict]

    @property
    def style(self) -> str:
        """CSS class of the verdict."""
        return CLASSES[self.verdict]


@dataclass(frozen=True)
class Grid:
    """A small table as text: variants by metrics, and those by side."""

    columns: list[tuple[str, list[str]]]
    rows: list[tuple[str, list[str]]]
    sources: list[str]


@dataclass(frozen=True)
class Values:
    """One metric of one side: the table's rows."""

    metric: str
    rows: list[Row]

    @property
    def label(self) -> str:
        """The metric's name and which way is better."""
        statistic = STATISTICS[self.metric]
        return f"{statistic.label}, {'higher' if statistic.higher_is_better else 'lower'} is better"

    def show(self, value: float | None) -> str:
        """A value as tables print it."""
        return STATISTICS[self.metric].show(value)


@dataclass(frozen=True)
class Linked:
    """A file of the record, with what is wrong with it."""

    path: Path
    name: str
    problem: str = ""
    note: str = ""


class StudyView:
    """What the template asks of a study.

    Args:
        record: its files.
        title: for people.
        claims: those of its source, by id.
        judged: what stands of its verdicts.
    """

    def __init__(self, record: StudyRecord, title: str, claims: dict[str, Claim], judged: list[Judged]):
        self.record, self.title, self.name = record, title, record.name
        self.rows = record.table.value or []
        self.claims = [
            ShownClaim(
                each.standing, each.origin, each.primary, each.text, each.where,
                evidence(each, claims.get(each.id), self.rows),
            )
            for each in judged
        ]  # fmt: skip
        self.scores = self._scores()

    @property
    def files(self) -> list[Path]:
        """The files of the record that are there, whole or not."""
        paths = [*(part.path for part in self.record.parts()), self.record.seal.path]
        return [path for path in paths if path.exists()]

    def sides(self) -> list[tuple[str, list[Values]]]:
        """The table, by side and metric."""
        found = []
        for side, title in SIDE_TITLES.items():
            rows = [row for row in self.rows if row.side == side]
            metrics = list(dict.fromkeys(row.metric for row in rows))
            if rows:
                found.append((title, [Values(each, [row for row in rows if row.metric == each]) for each in metrics]))
        return found

    def published(self) -> Grid | None:
        """The paper's numbers alone; None if there are none."""
        rows = [row for row in self.rows if row.paper is not None]
        columns = list(dict.fromkeys((row.side, row.metric) for row in rows))
        cells = {(row.variant, row.side, row.metric): STATISTICS[row.metric].show(row.paper) for row in rows}
        labels = {row.variant: _paper_label(row) for row in self.rows}
        shown = [name for name in labels if any(row.variant == name for row in rows)]
        names = [(side, [STATISTICS[metric].label for at, metric in columns if at == side]) for side, _ in columns]
        names = list(dict(names).items())
        values = [(labels[name], [cells.get((name, *column), "–") for column in columns]) for name in shown]
        sources = sorted({f"{row.paper_where} ({row.paper_trust})" for row in rows})
        return Grid(names, values, sources) if rows else None

    def figure_words(self) -> str:
        """The figure in words: our values of its first metrics."""
        parts = []
        for title, metrics in self.sides():
            for each in metrics[:FEW]:
                ours = [f"{each.show(row.value)} ({row.label})" for row in each.rows if row.value is not None]
                if ours:
                    parts.append(f"{title}, {STATISTICS[each.metric].label}: {', '.join(ours)}.")
        rest = "The tables below hold all values." if parts else "The table of its values is not there."
        return " ".join([f"Figure of {self.title}.", *parts, rest])

    @property
    def time(self) -> str:
        """Wall time of all of its jobs."""
        return cost.duration(self.record.provenance.whole().job_seconds_total)

    def times(self) -> list[tuple[str, str]]:
        """Wall time by kind of job, the longest first."""
        found = sorted(self.record.provenance.whole().job_seconds.items(), key=lambda each: -each[1])
        return [(kind.replace("_", " "), cost.duration(seconds)) for kind, seconds in found]

    def _scores(self) -> list[Linked]:
        """The per-clip scores of each variant of the table."""
        folder, found = self.record.table.path.parent, []
        for variant in dict.fromkeys(row.variant for row in self.rows):
            paths = score_files(folder, self.record.name, variant)
            links = [self._score_link(path) for path in paths]
            wrong = _disagreement(paths, [row for row in self.rows if row.variant == variant])
            found += [Linked(each.path, each.name, each.problem, wrong.get(each.path, "")) for each in links]
        return found

    def _score_link(self, path: Path) -> Linked:
        part = load(path, scored)
        return Linked(path, path.stem, self.record.seal.problem_of(path) or part.problem)


def _paper_label(row: Row) -> str:
    setting = row.paper_setting
    return f"{row.label} ({setting})" if setting and setting not in row.label else row.label


def _disagreement(paths: list[Path], rows: list[Row]) -> dict[Path, str]:
    """Score files that do not give the table's values."""
    found: dict[Path, str] = {}
    for side in SIDE_TITLES:
        mine = [path for path in paths if path.stem.endswith(side) or path.stem == GROUND_TRUTH]
        values = [row for row in measured(rows) if row.side == side]
        values = [row for row in values if not (STATISTICS[row.metric].of_set or row.metric in MEASURED_APART)]
        try:
            files = [read_scores(path) for path in mine]
        except ConfigError:
            continue  # said where the file is listed
        if files and values and not all(_agrees(files, row) for row in values):
            found |= dict.fromkeys(mine, "does not give this table's values")
    return found


def _agrees(files: list[ScoreFile], row: Measured) -> bool:
    """Whether all seeds' scores together give the table's value, to its six digits."""
    statistic = STATISTICS[row.metric]
    if not all(set(statistic.columns()) <= file.columns.keys() for file in files):
        return False
    top, bottom = sum(statistic.terms(file.columns).sum(axis=1) for file in files)
    return bottom > 0 and math.isclose(top / bottom, row.value, rel_tol=1e-4, abs_tol=1e-6)
