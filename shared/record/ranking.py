"""Which variant of each study is best by a metric, and which others the data can't tell from it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.config import ConfigError
from shared.metrics.statistic import Statistic
from shared.record.decoupling import scores_of
from shared.record.files import NotRecorded, SourceRecord, StudyRecord
from shared.record.table import Measured, Row, measured
from shared.record.tabulate import read_study
from shared.statistics.catalogue import STATISTICS, find_statistic
from shared.statistics.inference import contrast
from shared.statistics.scores import GROUND_TRUTH


@dataclass(frozen=True)
class Place:
    """A variant in a ranking.

    Attributes:
        row: its row of the table.
        behind: by how much it is worse than the best, with the 95 % interval of the difference of runs, on the scale on
            which the metric is analysed, as verdicts are; None for the best, and where the record has one run or no
            scores of single clips.
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


def rank(sources: list[SourceRecord], metric: str, side: str = "generation") -> list[Ranking]:
    """A ranking of each study of these sources' record that has the metric; those that are damaged are left out.

    Raises:
        ConfigError: there is no such metric, or no study has it; a score is damaged.
    """
    find_statistic(metric, "rank")
    found, known = [], set()
    for source in sources:
        for study in source.studies.values():
            of_side = [] if study.damage else [row for row in measured(study.table.value or []) if row.side == side]
            known |= {row.metric for row in of_side}
            rows = [row for row in of_side if row.metric == metric and row.variant != GROUND_TRUTH]
            if len(rows) > 1:
                found.append(_rank_study(source.folder, study, rows))
    if not found:
        where = f"{', '.join(source.name for source in sources) or 'nothing'}: no study that is whole"
        raise ConfigError(f"{where} has {metric} of {side}; measured are {', '.join(sorted(known)) or 'none'}")
    return found


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
        spec = study.spec.value  # of all metrics; older records have the scores of clips alone
        scored = scores_of(folder, study, (side,)) if spec is None else read_study(spec)
    except NotRecorded:
        return {}
    if not scored.measured(side, metric) or len(scored.seeds) < 2:
        return {}
    runs, best, found = scored.runs(side, metric), scored.variants.index(rows[0].variant), {}
    for row in rows[1:]:
        weights = np.zeros(len(scored.variants))
        weights[best], weights[scored.variants.index(row.variant)] = sign, -sign
        effect = contrast(runs, weights)
        found[row.variant] = (effect.estimate, *effect.interval())
    return found


def as_text(rankings: list[Ranking], titles: dict[str, str]) -> str:
    """For people."""
    lines = []
    for ranking in rankings:
        statistic = STATISTICS[ranking.places[0].row.metric]
        show, label = statistic.show, statistic.label
        seeds = f"{ranking.seeds} seed{'s' if ranking.seeds > 1 else ''}"
        lines.append(f"{titles.get(ranking.source, ranking.source)}, {ranking.study} ({label}, {seeds})")
        for number, place in enumerate(ranking.places, start=1):
            row = place.row
            ends = f" [{show(row.low)}, {show(row.high)}]" if row.low is not None else ""
            note = _note(place, number, statistic)
            lines.append(f"  {number}. {row.label:32} {show(row.value)}{ends}  {note}".rstrip())
        lines.append("")
    return "\n".join([*lines, NOTE])


NOTE = (
    "Behind the best: by a difference of training runs and its 95 % interval, as a factor (×) where runs vary by "
    "factors, else in the metric's unit or in Fisher's z; one run tells nothing apart. Studies differ in corpus, "
    "generator and budget: compare inside a study only."
)


def _note(place: Place, number: int, statistic: Statistic) -> str:
    if number == 1:
        return "best"
    if place.behind is None:
        return "not known how far behind: one run, or no scores of single clips"
    unit = " in z" if statistic.analysed == "fisher_z" else ""
    value, low, high = (_gap(end, statistic) for end in place.behind)
    gap = f"{value}{unit} behind [{low}, {high}]"
    return gap if place.told_apart else f"{gap}: not told apart from the best"


def _gap(value: float, statistic: Statistic) -> str:
    """A difference on the analysed scale."""
    if statistic.analysed == "log":
        return f"×{math.exp(value):.2f}"
    return f"{value:.3f}" if statistic.analysed == "fisher_z" else statistic.show(value)
