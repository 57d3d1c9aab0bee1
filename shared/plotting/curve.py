"""Metrics over the study's axis, or over a measured value: a panel each, ours with 95 % intervals above the paper's.

On a logarithmic axis, as rates double from one variant to the next.
"""

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from shared.plotting.draw import StudyTable
from shared.plotting.style import GENERATION, GRID, PAPER, RECONSTRUCTION, Look, banded_figure, stamp, subtitle
from shared.record.table import Ends, Row
from shared.statistics.catalogue import STATISTICS

Place = tuple[str, str]  # side and metric
LEAST_WIDTH = 5.2  # inches that the line of explanation takes
LOOKS: tuple[Look, ...] = (
    {"linestyle": "-", "marker": "o"},
    {"linestyle": ":", "marker": "s", "markerfacecolor": "white"},
)


def curve_figure(
    table: StudyTable,
    panels: Sequence[Place],
    over: Place | None = None,
    lines: Mapping[str, Sequence[str]] | None = None,
) -> Figure:
    """All panels in a row, ours above the paper's.

    Args:
        table: the study's table.
        panels: what is drawn.
        over: what is measured that it is drawn over; none: the study's axis.
        lines: legend → the variants of a line, two lines at most; by default one of all variants.
    """
    lines = lines or {"": table.variants}
    width = max(LEAST_WIDTH, 0.6 + 2.5 * len(panels))
    figure = banded_figure(width, 4.9, bottom=0.05 if len(lines) > 1 else 0, filled=0.87)
    grid = figure.subplots(2, len(panels), gridspec_kw={"height_ratios": [1.75, 1]}, squeeze=False)
    for column, panel in enumerate(panels):
        for paper, axes in enumerate(grid[:, column]):
            _draw(axes, table, panel, over, lines, bool(paper))
    figure.text(0.012, 0.975, table.title, fontsize=11, weight="bold", va="center")
    text = f"upper row: {table.ours}; lower row: the paper's values"
    figure.text(0.012, 0.935, text, va="center", color=PAPER)
    if len(lines) > 1:
        handles = [Line2D([], [], color=PAPER, **look) for look in LOOKS]
        figure.legend(handles, lines, loc="lower center", ncols=2, bbox_to_anchor=(0.5, 0.0), handlelength=3.2)
    stamp(figure, table.scale)
    return figure


def _draw(
    axes: Axes, table: StudyTable, panel: Place, over: Place | None, lines: Mapping[str, Sequence[str]], paper: bool
) -> None:
    side, metric = panel
    statistic = STATISTICS[metric]
    factor = 100 if statistic.percent else 1
    colour = PAPER if paper else RECONSTRUCTION if side == "reconstruction" else GENERATION
    ticks: set[float] = set()
    shown: set[tuple[float, float]] = set()
    for variants, look in zip(lines.values(), LOOKS, strict=False):
        points = list(_points(table, variants, panel, over, paper))
        places, values = [place for place, _, _ in points], [factor * value for _, value, _ in points]
        drawn = set(zip(places, values, strict=True))
        if drawn <= shown:
            continue  # the other line's autoencoders
        shown |= drawn
        axes.plot(places, values, color=colour, **look, zorder=3)
        for place, _, ends in points:
            if ends:
                axes.plot([place] * 2, [factor * end for end in ends], color=colour, linewidth=1.1, zorder=2)
        ticks |= set(places)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    if paper:
        axes.set_facecolor("#F6F6F6")
    else:
        axes.set_title(f"{statistic.label}{' %' if statistic.percent else ''}", pad=14)
        better = "higher is better" if statistic.higher_is_better else "lower is better"
        subtitle(axes, f"{side}, {better}")
    if not ticks:
        text = "not published" if paper else "not scored at this scale"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=colour)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(sorted(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.tick_params(axis="x", rotation=45)
    axes.margins(x=0.08, y=0.16)
    label = STATISTICS[over[1]].label if over else f"{table.axis} ({table.unit})"
    axes.set_xlabel(f"{'paper' if paper else 'ours'}: {label}", color=PAPER if paper else "black")


def _points(
    table: StudyTable, variants: Sequence[str], panel: Place, over: Place | None, paper: bool
) -> Iterator[tuple[float, float, Ends]]:
    """Where a variant's value lies, the value and its interval, of those that have a place and a value."""
    for variant in variants:
        row = table.row(variant, *panel)
        if row is None:
            continue
        place, value = _place(table, row, over, paper), _value(row, paper)
        if place is not None and value is not None:
            yield place, value, None if paper else row.ends


def _place(table: StudyTable, row: Row, over: Place | None, paper: bool) -> float | None:
    """Where a row's value is drawn."""
    if over:
        measured = table.row(row.variant, *over)
        return None if measured is None else _value(measured, paper)
    setting = row.paper_setting if paper else row.setting
    return None if setting is None else float(setting)


def _value(row: Row, paper: bool) -> float | None:
    return row.paper if paper else row.value
