"""The table of a study: ours beside the paper's, as CSV for machines and Markdown for people."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from shared.cells import as_cell
from shared.config import ConfigError, Strict, parse
from shared.files import read_csv
from shared.markdown import as_text
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import Verdict
from shared.statistics.inference import contrast, interval_of_clips
from shared.statistics.paper import PaperValue
from shared.statistics.scores import GROUND_TRUTH, StudyScores
from shared.statistics.words import by_how_much

SIDE_TITLES = {"reconstruction": "Reconstruction (autoencoder)", "generation": "Generation"}

Model = TypeVar("Model", bound=Strict)
Ends = tuple[float, float] | None  # of an interval, if there is one


class Row(Strict):
    """One value of the table: a metric of one variant's reconstructions or samples.

    Attributes:
        value, low, high: ours over all clips and runs, and the 95 % interval of the mean of runs, which one training
            leaves open; None where it was not scored, or has no interval.
        n: clips scored, over all seeds.
        paper, paper_where, paper_trust: the published value.
    """

    FROM_TEXT: ClassVar[bool] = True

    variant: str
    label: str
    setting: str | None
    paper_setting: str | None
    side: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    seeds: int
    paper: float | None
    paper_where: str | None
    paper_trust: str | None

    @property
    def ends(self) -> Ends:
        """Those of the interval; None where there is none."""
        return None if self.low is None or self.high is None else (self.low, self.high)


class Measured(Row):
    """A row with a value of ours."""

    value: float


class Setting(Strict):
    """How a variant is shown."""

    label: str
    setting: str | None = None
    paper_setting: str | None = None


def make_rows(
    study: str,
    scores: StudyScores,
    settings: dict[str, Setting],
    paper: dict[tuple[str, str, str, str], PaperValue],
) -> list[Row]:
    """All rows, ground truth first, then variants in the study's order."""
    published = {key[1:]: value for key, value in paper.items() if key[0] == study}
    rows = []
    for side in SIDE_TITLES:
        for metric in STATISTICS:
            cells = _cells(scores, side, metric)
            for variant in (GROUND_TRUTH, *scores.variants):
                cell, value = cells.get(variant), published.get((variant, side, metric))
                if cell is not None or value is not None:
                    rows.append(_row(settings[variant], (variant, side, metric), cell, value))
    return rows


def measured(rows: Iterable[Row]) -> list[Measured]:
    """Those of the rows that have a value of ours."""
    return [Measured.model_validate(dict(row)) for row in rows if row.value is not None]


class Cell(NamedTuple):
    """One value of ours, its interval, and the clips and seeds behind it."""

    value: float
    ends: Ends
    n: int
    seeds: int


def _cells(scores: StudyScores, side: str, metric: str) -> dict[str, Cell]:
    """By variant (or `ground_truth`), where it was scored."""
    cells = {}
    truth = scores.ground_truth.get(metric) if side == "generation" else None
    if truth is not None and (truth[1] > 0).any():
        value = float(scores.truth_runs(metric, plain=True).values[0, 0])
        scaled = interval_of_clips(scores.truth_runs(metric))  # nothing was trained: the clips alone are uncertain
        cells[GROUND_TRUTH] = Cell(value, scaled and _back(metric, scaled, value), int((truth[1] > 0).sum()), 1)
    if scores.measured(side, metric):
        ends = _intervals(scores, side, metric)
        found = zip(scores.variants, scores.values(side, metric), ends, scores.counts(side, metric), strict=True)
        for variant, value, interval, count in found:
            cells[variant] = Cell(float(value), interval, int(count), len(scores.seeds))
    for variant, alone in scores.alone.get((side, metric), {}).items():
        cells[variant] = Cell(alone.value, None, alone.clips, alone.seeds)
    return cells


def _intervals(scores: StudyScores, side: str, metric: str) -> list[Ends]:
    """Of each variant: taken on the scale on which the metric is analysed, and back."""
    runs = scores.runs(side, metric)
    found: list[Ends] = []
    for value, weights in zip(scores.values(side, metric), np.eye(len(scores.variants)), strict=True):
        ends = contrast(runs, weights).interval()
        found.append(_back(metric, ends, float(value)) if np.isfinite(ends).all() else None)
    return found


def _back(metric: str, ends: tuple[float, float], value: float) -> tuple[float, float]:
    """Of an interval on the scale on which the metric is analysed, the one on its own.

    It holds the value itself: of few words the half error that is added for the logarithm can be more than all of it.
    """
    low, high = map(STATISTICS[metric].from_scale, ends)
    return min(low, value), max(high, value)


def _row(setting: Setting, key: tuple[str, str, str], cell: Cell | None, value: PaperValue | None) -> Row:
    low, high = (None, None) if cell is None or cell.ends is None else cell.ends
    return Row(
        **dict(zip(("variant", "side", "metric"), key, strict=True)),
        **setting.model_dump(),
        value=cell and cell.value,
        low=low,
        high=high,
        n=cell.n if cell else 0,
        seeds=cell.seeds if cell else 0,
        paper=value and value.value,
        paper_where=value and value.where,
        paper_trust=value and value.trust,
    )


def to_metrics(rows: list[Row], verdicts: list[Verdict]) -> dict[str, Any]:
    """Our values by variant, side and metric, and how many claims got which verdict: what `dvc metrics` compares."""
    metrics: dict[str, Any] = {"claims": dict(sorted(Counter(verdict.verdict for verdict in verdicts).items()))}
    for row in rows:
        if row.value is not None:
            metrics.setdefault(row.variant, {}).setdefault(row.side, {})[row.metric] = row.value
    return metrics


def to_csv(rows: Sequence[Strict], model: type[Strict]) -> str:
    """Rows as CSV, floats with six significant digits, texts as `as_cell` writes them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(model.model_fields)
    for row in rows:
        values = (getattr(row, name) for name in model.model_fields)
        writer.writerow("" if v is None else f"{v:.6g}" if isinstance(v, float) else as_cell(v) for v in values)
    return text.getvalue()


def read_models(path: Path, model: type[Model], texts: Sequence[str] = ()) -> list[Model]:
    """Read back what `to_csv` wrote; only columns with a default may be missing.

    Args:
        path: the CSV.
        model: of a row.
        texts: columns in which an empty cell is an empty text, and not None.

    Raises:
        ConfigError: it is missing or damaged, has other columns, or a value that does not fit or is not finite.
    """
    header, rows = read_csv(path)
    needed = [name for name, each in model.model_fields.items() if each.is_required()]
    if missing := [name for name in needed if name not in header]:
        raise ConfigError(f"{path}: no column {missing[0]!r}")
    if unknown := [name for name in header if name not in model.model_fields]:
        raise ConfigError(f"{path}: unknown column {unknown[0]!r}")
    found = []
    for number, row in enumerate(rows, start=2):
        given = {name: cell if cell != "" or name in texts else None for name, cell in row.items()}
        found.append(parse(model, given, f"{path}: row {number}"))
    return found


def read_rows(path: Path) -> list[Row]:
    """Read a table's CSV back.

    Raises:
        ConfigError: see `read_models`.
    """
    return read_models(path, Row)


def read_verdicts(path: Path) -> list[Verdict]:
    """Read verdicts back from their CSV.

    Raises:
        ConfigError: see `read_models`.
    """
    return read_models(path, Verdict, texts=("reason", "text", "where"))


def to_markdown(
    title: str, scale: str, rows: list[Row], verdicts: list[Verdict], note: str | None = None
) -> str:
    """The page that people read; `note` is of its claims."""
    lines = [
        f"# {as_text(title)}",
        "",
        f"Scale `{scale}`. Ours: value [95 % interval of the mean of several runs]; n: clips of all runs.",
    ]
    if scale == "smoke":
        lines += ["", "**Smoke run: it shows that everything connects, and is no evidence of anything.**"]
    elif scale != "paper":
        lines += [
            "",
            "The models and the data are far smaller than the paper's: compare order and shape, not values.",
        ]
    for side, heading in SIDE_TITLES.items():
        part = [row for row in rows if row.side == side]
        if part:
            lines += ["", f"## {heading}", "", *_value_lines(part)]
    if verdicts:
        lines += ["", "## Claims", "", *([note, ""] if note else []), *_verdict_lines(verdicts)]
    sources = sorted({as_text(f"{row.paper_where} ({row.paper_trust})") for row in rows if row.paper_where})
    if sources:
        lines += ["", f"The paper's values: {'; '.join(sources)}."]
    return "\n".join(lines) + "\n"


def _value_lines(rows: list[Row]) -> Iterator[str]:
    yield "| metric | variant | our setting | ours | n | seeds | paper |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        show = STATISTICS[row.metric].show
        ours = show(row.value) + (f" [{show(row.low)}, {show(row.high)}]" if row.low is not None else "")
        name = STATISTICS[row.metric].label
        yield (
            f"| {name} | {as_text(row.label)} | {as_text(row.setting or '–')} | {ours} | {row.n or '–'} "
            f"| {row.seeds or '–'} | {show(row.paper)} |"
        )


def _verdict_lines(verdicts: list[Verdict]) -> Iterator[str]:
    yield "| claim | verdict | by how much [95 %] | runs | note |"
    yield "|---|---|---|---|---|"
    for each in verdicts:
        claim = as_text(f"{each.text} ({each.where})") + ("" if each.origin == "paper" else " *(ours)*")
        note = as_text("; ".join(filter(None, [f"look {each.look}" if each.look else "", each.reason])))
        yield f"| {claim} | **{each.verdict}** | {show_margin(each)} | {each.seeds} | {note} |"


def show_margin(verdict: Verdict) -> str:
    """By how much a claim holds: a ratio where the test is of logarithms; below 1, or below 0, it does not."""
    if verdict.margin is None:
        return "–"
    ends = None if verdict.low is None or verdict.high is None else (verdict.low, verdict.high)
    return by_how_much(verdict.scale or "plain", verdict.margin, ends)


def show_setting(setting: float | str | None) -> str | None:
    """A setting as people write it."""
    return f"{setting:.4g}" if isinstance(setting, float) else None if setting is None else str(setting)
