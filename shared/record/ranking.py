"""Which variant of each study is best by a metric, and which others the data can't tell from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.bootstrap import draw, interval
from shared.config import ConfigError
from shared.record.decoupling import scores_of
from shared.record.files import StudyRecord, load_source, source_folders
from shared.record.table import Measured, Row, measured
from shared.statistics.catalogue import STATISTICS, find_statistic
from shared.statistics.scores import GROUND_TRUTH


@dataclass(frozen=True)
class Place:
    """A variant in a ranking.

    Attributes:
        row: its row of the table.
        behind: by how much it is worse than the best, with the paired bootstrap's interval; None for the best, and
            where the record has no scores of single clips.
    """

    row: Row
    behind: tuple[float, float, float] | None

    @property
    def told_apart(self) -> bool | None:
        """Whether it is worse than the best beyond the interval; None if that is not known."""
        return None if self.behind is None else self.behind[1] > 0


@dataclass(frozen=True)
class Ranking:
    """One study's variants, best first."""

    source: str
    study: str
    seeds: int
    places: list[Place]


def rank(folder: Path, metric: str, side: str = "generation", source: str | None = None) -> list[Ranking]:
    """A ranking of each study of a scale's record that has the metric.

    Raises:
        ConfigError: there is no such metric, or no study has it.
    """
    find_statistic(metric, "rank")
    found = []
    for place in source_folders(folder):
        for study in load_source(place).studies.values() if source in (None, place.name) else ():
            rows = [row for row in measured(study.table.value or []) if (row.side, row.metric) == (side, metric)]
            rows = [row for row in rows if row.variant != GROUND_TRUTH]
            if len(rows) > 1:
                found.append(_rank_study(place, study, rows))
    if not found:
        known = sorted({row.metric for each in source_folders(folder) for row in _rows(each) if row.side == side})
        raise ConfigError(
            f"{folder}: no study of {source or 'any source'} has {metric} of {side}; measured are {', '.join(known)}"
        )
    return found


def _rows(folder: Path) -> list[Measured]:
    return [row for study in load_source(folder).studies.values() for row in measured(study.table.value or [])]


def _rank_study(folder: Path, study: StudyRecord, rows: list[Measured]) -> Ranking:
    sign = 1 if STATISTICS[rows[0].metric].higher_is_better else -1
    rows = sorted(rows, key=lambda row: -sign * row.value)
    behind = _behind(folder, study, rows, sign)
    places = [Place(rows[0], None), *(Place(row, behind.get(row.variant)) for row in rows[1:])]
    return Ranking(folder.name, study.name, rows[0].seeds, places)


def _behind(
    folder: Path, study: StudyRecord, rows: Sequence[Row], sign: int
) -> dict[str, tuple[float, float, float]]:
    """By variant how much worse than the first row's, if the record has what that takes."""
    side, metric = rows[0].side, rows[0].metric
    try:
        scored = scores_of(folder, study, (side,))
    except ConfigError:
        return {}
    if (side, metric) not in scored.terms:
        return {}
    good = sign * scored.replicates(side, metric, draw(len(scored.seeds), len(scored.clips)))
    values = sign * scored.values(side, metric)
    best = scored.variants.index(rows[0].variant)
    found = {}
    for row in rows[1:]:
        own = scored.variants.index(row.variant)
        found[row.variant] = (float(values[best] - values[own]), *interval(good[best] - good[own]))
    return found


def as_text(rankings: list[Ranking], titles: dict[str, str]) -> str:
    """For people."""
    lines = []
    for ranking in rankings:
        show = STATISTICS[ranking.places[0].row.metric].show
        label = STATISTICS[ranking.places[0].row.metric].label
        seeds = f"{ranking.seeds} seed{'s' if ranking.seeds > 1 else ''}"
        lines.append(f"{titles.get(ranking.source, ranking.source)}, {ranking.study} ({label}, {seeds})")
        for number, place in enumerate(ranking.places, start=1):
            row = place.row
            ends = f" [{show(row.low)}, {show(row.high)}]" if row.low is not None else ""
            lines.append(f"  {number}. {row.label:32} {show(row.value)}{ends}  {_note(place, number, show)}".rstrip())
        lines.append("")
    return "\n".join([*lines, NOTE])


NOTE = (
    "Intervals: 95 %, paired bootstrap over test clips and seeds; with one seed they leave out training noise. Studies "
    "differ in corpus, generator and budget: compare inside a study only."
)


def _note(place: Place, number: int, show: Callable[[float], str]) -> str:
    if number == 1:
        return "best"
    if place.behind is None:
        return "no scores of single clips"
    value, low, high = place.behind
    gap = f"{show(value)} behind [{show(low)}, {show(high)}]"
    return gap if place.told_apart else f"{gap}: not told apart from the best"

