"""A sweep as panels: reconstruction (solid, left axis) and generation (dashed, right axis) over what is
varied.

Upper row: ours with 95 % intervals. Lower row: the paper's values on axes of their own, so that shapes
compare where values can't. Up is always better: a metric that is better when low is drawn negated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from shared.plotting.draw import StudyTable
from shared.plotting.style import (
    GENERATION,
    GRID,
    PAPER,
    RECONSTRUCTION,
    Look,
    banded_figure,
    colour_axis,
    stamp,
    subtitle,
)
from shared.record.table import measured
from shared.statistics.catalogue import STATISTICS

SIDES: dict[str, Look] = {
    "reconstruction": {"color": RECONSTRUCTION, "linestyle": "-", "marker": "o"},
    "generation": {"color": GENERATION, "linestyle": "--", "marker": "s"},
}


@dataclass(frozen=True)
class Panel:
    """One panel: a metric for each side.

    Attributes:
        title: what the metrics stand for.
        reconstruction, generation: names of metrics.
        stand_in: drawn in place of one that we could not score, and said so, where we scored this.
    """

    title: str
    reconstruction: str
    generation: str
    stand_in: str | None = None

    def metrics(self, table: StudyTable) -> dict[str, str]:
        """Side → the metric that we draw."""
        asked = {"reconstruction": self.reconstruction, "generation": self.generation}
        return {side: self._drawn(table, side, metric) for side, metric in asked.items()}

    def _drawn(self, table: StudyTable, side: str, metric: str) -> str:
        if self.stand_in and not table.has(side, metric) and table.has(side, self.stand_in):
            return self.stand_in
        return metric


def sweep_figure(table: StudyTable, panels: Sequence[Panel]) -> Figure:
    """All panels of a sweep in a row, ours above the paper's."""
    figure = banded_figure(2.75 * len(panels), 4.9, bottom=0.075, filled=0.865)
    grid = figure.subplots(2, len(panels), gridspec_kw={"height_ratios": [1.75, 1]}, squeeze=False)
    for panel, (ours, paper) in zip(panels, grid.T, strict=True):
        _draw_ours(ours, table, panel)
        _draw_paper(paper, table, panel)
    _headings(figure, table)
    stamp(figure, table.scale)
    return figure


def _draw_ours(axes: Axes, table: StudyTable, panel: Panel) -> None:
    metrics = panel.metrics(table)
    axes.set_title(panel.title, pad=15)
    if panel.stand_in and panel.stand_in in metrics.values():
        asked = panel.generation if metrics["generation"] == panel.stand_in else panel.reconstruction
        subtitle(axes, f"{STATISTICS[panel.stand_in].label} for {STATISTICS[asked].label}")
    _prepare(axes, table, [table.any_of(each).setting for each in table.variants])
    for side, target in (("reconstruction", axes), ("generation", axes.twinx())):
        if table.has(side, metrics[side]):
            rows = (table.row(variant, side, metrics[side]) for variant in table.variants)
            values = [[row.value, *(row.ends or [row.value] * 2)] for row in measured(filter(None, rows))]
            _draw_side(target, side, metrics[side], np.array(values))
        else:
            target.set_yticks([])
            place = 0.62 if side == "reconstruction" else 0.38
            text = f"{STATISTICS[metrics[side]].label}:\nnot scored at this scale"
            axes.text(0.5, place, text, transform=axes.transAxes, ha="center", color=SIDES[side]["color"])
    axes.set_xlabel(f"ours: {_axis_label(table)}")


def _draw_paper(axes: Axes, table: StudyTable, panel: Panel) -> None:
    metrics = {"reconstruction": panel.reconstruction, "generation": panel.generation}
    _prepare(axes, table, [table.any_of(each).paper_setting for each in table.variants])
    axes.set_facecolor("#F6F6F6")
    axes.set_xlabel(f"paper: {_axis_label(table)}", color=PAPER)
    for side, target in (("reconstruction", axes), ("generation", axes.twinx())):
        rows = [table.row(variant, side, metrics[side]) for variant in table.variants]
        values = [row.paper if row else None for row in rows]
        if all(value is not None for value in values):
            _draw_side(target, side, metrics[side], np.array(values)[:, None].repeat(3, axis=1))
        else:
            target.set_yticks([])


def _draw_side(axes: Axes, side: str, metric: str, values: np.ndarray) -> None:
    """Draw `(variants, 3)` of value, low, high."""
    statistic, look = STATISTICS[metric], SIDES[side]
    scale = (1 if statistic.higher_is_better else -1) * (100 if statistic.percent else 1)
    value, low, high = (scale * values).T
    low, high = np.minimum(low, high), np.maximum(low, high)
    places = np.arange(len(value)) + (-0.04 if side == "reconstruction" else 0.04)
    axes.plot(places, value, **look, markeredgecolor="white", markeredgewidth=0.8, zorder=3)
    errors = [np.maximum(value - low, 0), np.maximum(high - value, 0)]
    axes.errorbar(
        places, value, errors, fmt="none", ecolor=look["color"], elinewidth=1.1, capsize=2.5, zorder=2
    )
    unit = " %" if statistic.percent else ""
    axes.set_ylabel(("" if statistic.higher_is_better else "−") + statistic.label + unit)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.margins(y=0.16)
    colour_axis(axes, "left" if side == "reconstruction" else "right", look["color"])
    if side == "generation":
        axes.spines["left"].set_visible(False)


def _prepare(axes: Axes, table: StudyTable, settings: list[str | None]) -> None:
    axes.set_xticks(range(len(table.variants)), [setting or "" for setting in settings])
    axes.set_xlim(-0.35, len(table.variants) - 0.65)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def _axis_label(table: StudyTable) -> str:
    return f"{table.axis} ({table.unit})" if table.unit else str(table.axis)


def _headings(figure: Figure, table: StudyTable) -> None:
    """Title, what is ours and what is the paper's, and the legend."""
    figure.text(0.012, 0.975, table.title, fontsize=12, weight="bold", va="center")
    text = f"upper row: {table.ours}      lower row: the paper's values"
    figure.text(0.988, 0.975, text, ha="right", va="center", color=PAPER)
    handles = [
        Line2D([], [], label=label, **SIDES[side], markeredgecolor="white")
        for side, label in (
            ("reconstruction", "reconstruction (VAE), left axis"),
            ("generation", "generation (TTS), right axis"),
        )
    ]
    figure.legend(handles=handles, loc="lower center", ncols=2, bbox_to_anchor=(0.5, 0.0), handlelength=3.2)
