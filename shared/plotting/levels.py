"""Statistics over levels of one thing, such as how much of a latent is kept: a panel each, a line a variant."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shared.plotting.draw import StudyTable
from shared.plotting.style import GENERATION, GRID, PAPER, RECONSTRUCTION, Look, banded_figure, stamp

SIDE = "reconstruction"
LOOKS: list[Look] = [
    {"color": colour, "linestyle": line, "marker": marker}
    for line, marker in (("-", "o"), ("--", "s"))
    for colour in (RECONSTRUCTION, GENERATION, "#009E73", "#CC79A7")
]


@dataclass(frozen=True)
class Levels:
    """What lies along the horizontal axis.

    Attributes:
        kind: what evaluation.reconstruction asks for.
        percents: the levels; the statistic at one is called after its panel and the level, as in spectral95.
        label: of the axis, which shows shares.
        ticks: of the axis, as shares.
        note: under the title.
    """

    kind: str
    percents: tuple[int, ...]
    label: str
    ticks: tuple[float, ...]
    note: str


def levels_figure(table: StudyTable, levels: Levels, panels: dict[str, str]) -> Figure:
    """A panel for each of `panels` (start of the statistics' names → title), with 95 % intervals.

    Raises:
        ValueError: no variant has any, or there are more than can be told apart.
    """
    first = f"{next(iter(panels))}{levels.percents[0]}"
    shown = {variant: row.label for variant in table.variants if (row := table.row(variant, SIDE, first))}
    if not shown:
        raise ValueError(f"no variant of this study asks for {levels.kind} in evaluation.reconstruction")
    if len(shown) > len(LOOKS):
        raise ValueError(f"{len(shown)} variants in one panel; {len(LOOKS)} can be told apart")
    height = 3.0
    figure = banded_figure(6.4, height, bottom=0.25 / height, filled=1 - 0.8 / height)
    for axes, (name, title) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        for variant, look in zip(shown, LOOKS, strict=False):
            rows = {each: table.row(variant, SIDE, f"{name}{each}") for each in levels.percents}
            _draw(axes, rows, look)
        axes.set_title(title)
        axes.set_xlabel(levels.label)
        axes.set_xticks(levels.ticks)
        axes.grid(color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
    figure.text(0.012, 1 - 0.17 / height, table.title, fontsize=11, weight="bold", va="center")
    figure.text(0.012, 1 - 0.39 / height, levels.note, va="center", color=PAPER)
    labels = list(shown.values())
    figure.legend(figure.axes[0].get_lines(), labels, loc="lower center", ncols=4, bbox_to_anchor=(0.5, 0.0))
    stamp(figure, table.scale)
    return figure


def _draw(axes: Axes, rows: dict, look: Look) -> None:
    points = [(each / 100, row) for each, row in rows.items() if row is not None and row.value is not None]
    axes.plot([x for x, _ in points], [row.value for _, row in points], **look, zorder=3)
    ends = [(x, row.low, row.high) for x, row in points if row.low is not None]
    if ends:
        axes.vlines(*zip(*ends, strict=True), color=look["color"], linewidth=0.9)
