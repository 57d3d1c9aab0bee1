"""Variants that are no sweep: a row each, a dot with its interval, ours above the paper's, if it has any."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from shared.plotting.draw import StudyTable
from shared.plotting.style import GENERATION, GRID, PAPER, RECONSTRUCTION, banded_figure, stamp, subtitle
from shared.statistics.catalogue import STATISTICS

COLUMNS = 4  # that a page is wide enough for


def dots_figure(table: StudyTable, metrics: Mapping[str, Sequence[str]]) -> Figure:
    """One column for each metric, by side, that we or the paper have; more than four go below each other."""
    wanted = [(side, name) for side, names in metrics.items() for name in names]
    shown = [each for each in wanted if table.has(*each) or _published(table, *each)]
    sides = 1 + any(_published(table, *each) for each in shown)
    bands = -(-len(shown) // COLUMNS)
    columns = -(-len(shown) // bands)
    height = 0.3 * (2 - sides) + bands * (0.45 + 0.31 * len(table.variants)) * sides
    figure = banded_figure(1.6 + 2.1 * columns, height, bottom=0, filled=1 - 0.47 / height)
    grid = figure.subplots(sides * bands, columns, squeeze=False)
    for place in range(bands * columns):
        band, column = divmod(place, columns)
        for row, axes in enumerate(grid[sides * band : sides * (band + 1), column]):
            if place >= len(shown):
                axes.remove()
                continue
            side, metric = shown[place]
            _draw(axes, table, side, metric, prefix=f"{side}, " if len(metrics) > 1 else "", paper=row == 1)
            axes.set_yticks(range(len(table.variants)), _labels(table) if column == 0 else [])
    figure.text(0.012, 1 - 0.17 / height, table.title, fontsize=11, weight="bold", va="center")
    text = table.ours
    if sides == 2:
        rows = "rows" if bands > 1 else "row"
        text = f"upper {rows}: {text}; lower {rows}: the paper's values"
    figure.text(0.012, 1 - 0.36 / height, text, va="center", color=PAPER)
    stamp(figure, table.scale)
    return figure


def _draw(axes: Axes, table: StudyTable, side: str, metric: str, prefix: str, paper: bool) -> None:
    statistic = STATISTICS[metric]
    factor = 100 if statistic.percent else 1
    colour = PAPER if paper else RECONSTRUCTION if side == "reconstruction" else GENERATION
    for place, variant in enumerate(table.variants):
        row = table.row(variant, side, metric)
        value = None if row is None else row.paper if paper else row.value
        if row is None or value is None:
            continue
        axes.plot([factor * value], [place], marker="D" if paper else "o", color=colour, linestyle="")
        if not paper and row.ends is not None:
            axes.plot([factor * end for end in row.ends], [place, place], color=colour, linewidth=1.4)
    if axes.lines:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    else:
        text = "not published" if paper else "not scored at this scale"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=colour)
        axes.set_xticks([])
    better = "higher is better" if statistic.higher_is_better else "lower is better"
    if not paper:
        axes.set_title(f"{statistic.label}{' %' if statistic.percent else ''}", pad=14)
        subtitle(axes, prefix + better)
    else:
        axes.set_facecolor("#F6F6F6")
    axes.set_ylim(len(table.variants) - 0.5, -0.5)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.15)


def _labels(table: StudyTable) -> list[str]:
    return [table.any_of(variant).label for variant in table.variants]


def _published(table: StudyTable, side: str, metric: str) -> bool:
    rows = (table.row(variant, side, metric) for variant in table.variants)
    return any(row is not None and row.paper is not None for row in rows)
