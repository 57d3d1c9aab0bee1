"""Rank by reconstruction against rank by generation: a panel for each study, and Kendall's tau of all."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from shared.plotting.style import GENERATION, GRID, PAPER, RECONSTRUCTION, Look, stamp
from shared.record.decoupling import FAR, Ranked, Tau, pooled_tau, tau_of
from shared.statistics.catalogue import STATISTICS

COLUMNS = 3
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def decoupling_figure(studies: list[Ranked], titles: dict[str, str], scale: str) -> Figure:
    """All studies, and a last panel of taus; on the diagonal a latent is as good to generate as to reconstruct.

    Args:
        studies: what is drawn.
        titles: of each source.
        scale: of the record.
    """
    rows = -(-len(studies) // COLUMNS)
    height = 0.75 + 2.7 * rows
    layout = ConstrainedLayoutEngine(rect=(0, 0, 1, 1 - 0.55 / height), w_pad=0.08, h_pad=0.08)
    figure = Figure(figsize=(11.4, height), layout=layout)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[2.55, 1])[0]
    panels = left.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes, study in zip(panels, studies, strict=False):
        _draw_ranks(axes, study, titles[study.source])
    for axes in panels[len(studies) :]:
        axes.remove()
    _draw_taus(right.subplots(), studies, titles)
    title = "Does the latent that reconstructs best generate best?"
    figure.text(0.008, 1 - 0.17 / height, title, fontsize=11, weight="bold", va="center")
    text = (
        f"ranks of each study's latents at scale {scale}, 1 is the best, with 95 % intervals over clips and seeds; "
        "on the grey diagonal both ranks agree"
    )
    figure.text(0.008, 1 - 0.38 / height, text, va="center", color=PAPER)
    stamp(figure, scale)
    return figure


def _draw_ranks(axes: Axes, study: Ranked, source: str) -> None:
    count = len(study.variants)
    axes.plot([1, count], [1, count], color="#BBBBBB", linewidth=1.2, zorder=1)
    (across, up) = study.ranks()
    for letter, label, (x, *ends_x), (y, *ends_y) in zip(LETTERS, study.labels, across, up, strict=False):
        axes.plot(ends_x, [y, y], color=RECONSTRUCTION, linewidth=1.1, zorder=2)
        axes.plot([x, x], ends_y, color=GENERATION, linewidth=1.1, zorder=2)
        # Two latents may share a place: the later's point is smaller, so that both show.
        axes.plot([x], [y], "o", color="black", markersize=4, zorder=3, label=f"{letter}  {label}")
        axes.annotate(letter, (x, y), (4, 4), textcoords="offset points", fontsize=8, weight="bold", zorder=4)
    seeds = f"{study.seeds} seed{'s' if study.seeds > 1 else ''}"
    axes.set_title(f"{source}: {study.study}", fontsize=8.5, loc="left")
    axes.set_xlabel(f"rank by {STATISTICS[study.metrics[0]].label}, reconstruction", color=RECONSTRUCTION, fontsize=7)
    axes.set_ylabel(f"rank by {STATISTICS[study.metrics[1]].label}, generation", color=GENERATION, fontsize=7)
    axes.set_xticks(range(1, count + 1))
    axes.set_yticks(range(1, count + 1))
    axes.set_xlim(0.5, count + 0.5)
    axes.set_ylim(count + 0.5, 0.5)
    axes.set_box_aspect(0.72)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    names = "\n".join(f"{letter}  {label}" for letter, label in zip(LETTERS, study.labels, strict=False))
    place: Look = {"transform": axes.transAxes, "va": "top", "ha": "left", "fontsize": 6.5}
    axes.text(0, -0.32, f"{names}\n{seeds}, {study.clips} clips", linespacing=1.25, **place)


def _draw_taus(axes: Axes, studies: list[Ranked], titles: dict[str, str]) -> None:
    taus = [(f"{titles[study.source]}: {study.study}", tau_of(study)) for study in studies]
    far = f"reconstructions {FAR} standard errors apart"
    pooled = {"all, each pair once": None, far: True, "the other pairs": False}
    found = [(name, pooled_tau(studies, far)) for name, far in pooled.items()]
    rows: list[tuple[str, Tau]] = [*taus, *((name, tau) for name, tau in found if tau is not None)]
    axes.axvline(0, color="#999999", linewidth=0.8, zorder=1)
    for place, (_, tau) in enumerate(rows):
        of_study = place < len(studies)
        colour = GENERATION if of_study else "black"
        if tau.low is not None and tau.high is not None:
            axes.plot([tau.low, tau.high], [place, place], color=colour, linewidth=1.4)
        axes.plot([tau.value], [place], "o" if of_study else "D", color=colour, markersize=4.5)
    names = [f"{name} ({tau.pairs} pair{'s' if tau.pairs > 1 else ''})" for name, tau in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=6.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-1.08, 1.08)
    axes.set_xticks([-1, 0, 1], ["−1\nopposite", "0", "1\nsame order"])
    axes.set_title("Kendall's tau", fontsize=8.5, loc="left")
    axes.set_box_aspect(0.32 * len(rows))
    axes.set_anchor("N")
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
