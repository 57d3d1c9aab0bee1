"""Exposure bias of next-token models: a panel each, teacher-forced and free-running distances over time."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from shared.measurements.exposure_bias import Curve
from shared.plotting.draw import StudyTable
from shared.plotting.style import GENERATION, GRID, PAPER, RECONSTRUCTION, Look, banded_figure, stamp

COLUMNS = 4  # panels in a row that a page is wide enough for
LEAST_CLIPS = 10  # fewer say more of themselves than of the model
LINES: dict[str, Look] = {
    "teacher-forced": {"color": RECONSTRUCTION, "linestyle": "-"},
    "free-running": {"color": GENERATION, "linestyle": "--"},
}


def exposure_bias_figure(table: StudyTable) -> Figure:
    """The curves of each variant that has any, on the same axes: the mean over seeds, and thin each seed's own.

    Raises:
        ValueError: no variant has any.
    """
    curves = table.latents.get("exposure_bias", {})
    shown = [variant for variant in table.variants if variant in curves]
    if not shown:
        raise ValueError("no variant of this study asks for exposure_bias in evaluation.generation")
    rows, columns = -(-len(shown) // COLUMNS), min(COLUMNS, len(shown))
    width, height = max(5.0, 0.6 + 2.1 * columns), 1.2 + 1.9 * rows
    figure = banded_figure(width, height, bottom=0.25 / height, filled=1 - 0.95 / height)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, variant in zip(grid.flat, shown, strict=False):
        _draw(axes, curves[variant])
        axes.set_title(table.any_of(variant).label)
    for axes in grid.flat[len(shown) :]:
        axes.remove()
    for axes in grid.flat[max(0, len(shown) - columns) : len(shown)]:
        axes.set_xlabel("seconds after the prompt")
        axes.tick_params(labelbottom=True)
    for axes in grid[:, 0]:
        axes.set_ylabel("Fréchet distance")
    grid[0, 0].set_xlim(left=0)
    grid[0, 0].set_ylim(bottom=0)
    seeds = f"{table.seeds} seeds (thin) and their mean" if table.seeds > 1 else "1 seed"
    figure.text(0.012, 1 - 0.17 / height, table.title, fontsize=11, weight="bold", va="center")
    lines = (f"sampled latents against recorded ones, ours at scale {table.scale}, {seeds}",
             f"cut where fewer than {LEAST_CLIPS} clips last so long")  # fmt: skip
    for place, line in enumerate(lines):
        figure.text(0.012, 1 - (0.39 + 0.16 * place) / height, line, va="center", color=PAPER)
    figure.legend(grid[0, 0].get_lines()[:2], LINES, loc="lower center", ncols=2, bbox_to_anchor=(0.5, 0.0))
    stamp(figure, table.scale)
    return figure


def _draw(axes: Axes, curves: list[Curve]) -> None:
    kept = np.min([np.minimum(each.recorded_clips, each.free_running_clips) for each in curves], axis=0) >= LEAST_CLIPS
    seconds = curves[0].seconds[kept]
    kinds = [[getattr(each, name.replace("-", "_"))[kept] for each in curves] for name in LINES]
    for look, values in zip(LINES.values(), kinds, strict=True):
        axes.plot(seconds, np.mean(values, axis=0), **look, zorder=3)
    for look, values in zip(LINES.values(), kinds if len(curves) > 1 else (), strict=False):
        for each in values:
            axes.plot(seconds, each, **look, linewidth=0.7, alpha=0.45)
    if not kept.any():
        text = f"fewer than {LEAST_CLIPS} clips"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=PAPER)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
