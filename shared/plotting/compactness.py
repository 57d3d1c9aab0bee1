"""How compact latents were through their training (RAVE, figure 8): effective dimensions over steps, a panel each."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from shared.measurements.compactness import PAPERS_RULE, Compactness
from shared.plotting.draw import StudyTable
from shared.plotting.style import GRID, PAPER, Look, banded_figure, stamp

COLUMNS = 4  # panels in a row that a page is wide enough for
# Fidelity → its line: light to dark, and told apart without colour.
LINES: dict[str, Look] = {
    "0.99": {"color": "#08306B", "linestyle": "-"},
    "0.95": {"color": "#2171B5", "linestyle": "--"},
    "0.9": {"color": "#4292C6", "linestyle": "-."},
    "0.8": {"color": "#6BAED6", "linestyle": ":"},
}


def compactness_figure(table: StudyTable) -> Figure:
    """The curves of each variant that has any, by the paper's rule, on the same axes.

    The mean over seeds, and thin each seed's own; of one seed its 95 % interval. A grey line: a stage begins.

    Raises:
        ValueError: no variant has any.
    """
    measured = table.latents.get("compactness", {})
    shown = [variant for variant in table.variants if variant in measured]
    if not shown:
        raise ValueError("no variant of this study asks for compactness in evaluation.reconstruction")
    rows, columns = -(-len(shown) // COLUMNS), min(COLUMNS, len(shown))
    width, height = max(5.0, 0.6 + 2.4 * columns), 1.05 + 2.0 * rows
    figure = banded_figure(width, height, bottom=0.25 / height, filled=1 - 0.8 / height)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, variant in zip(grid.flat, shown, strict=False):
        _draw(axes, measured[variant])
        axes.set_title(table.any_of(variant).label)
    for axes in grid.flat[len(shown) :]:
        axes.remove()
    for axes in grid.flat[max(0, len(shown) - columns) : len(shown)]:
        axes.set_xlabel("training steps")
        axes.tick_params(labelbottom=True)
    for axes in grid[:, 0]:
        axes.set_ylabel("effective dims")
    grid[0, 0].set_xlim(left=0)
    grid[0, 0].set_ylim(bottom=0)
    figure.text(0.012, 1 - 0.17 / height, table.title, fontsize=11, weight="bold", va="center")
    seeds = f"{table.seeds} seeds (thin) and their mean" if table.seeds > 1 else "1 seed, 95 % interval over clips"
    figure.text(0.012, 1 - 0.39 / height, f"{seeds}; grey: a stage begins", va="center", color=PAPER)
    labels = [f"f = {float(fidelity):.2f}" for fidelity in LINES]
    lines = grid[0, 0].get_lines()[: len(LINES)]
    figure.legend(lines, labels, loc="lower center", ncols=len(LINES), bbox_to_anchor=(0.5, 0.0))
    stamp(figure, table.scale)
    return figure


def _draw(axes: Axes, seeds: list[Compactness]) -> None:
    steps = seeds[0].steps
    curves = {fidelity: [each.curves["effective_dims", PAPERS_RULE, fidelity] for each in seeds] for fidelity in LINES}
    for fidelity, look in LINES.items():
        axes.plot(steps, np.mean([each.value for each in curves[fidelity]], axis=0), **look, zorder=3)
    for fidelity, look in LINES.items():
        if len(seeds) == 1:
            (curve,) = curves[fidelity]
            axes.fill_between(steps, curve.low, curve.high, color=look["color"], alpha=0.2, linewidth=0)
        for each in curves[fidelity] if len(seeds) > 1 else ():
            axes.plot(steps, each.value, **look, linewidth=0.7, alpha=0.45)
    for border in seeds[0].borders:
        axes.axvline(border, color=PAPER, linewidth=0.9)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
