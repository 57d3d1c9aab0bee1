"""What is lost of a latent that is cut short (RAVE, figure 2): distance of reconstructions against fidelity."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shared.metrics.names import TRUNCATED
from shared.plotting.style import GENERATION, GRID, PAPER, RECONSTRUCTION, stamp
from shared.studies.draw import StudyTable
from shared.studies.quantities import CUT_SHORT

LOOKS = [
    {"color": colour, "linestyle": line, "marker": marker}
    for line, marker in (("-", "o"), ("--", "s"))
    for colour in (RECONSTRUCTION, GENERATION, "#009E73", "#CC79A7")
]


def truncation_figure(table: StudyTable) -> Figure:
    """A panel a distance, a line a variant, with 95 % intervals; at 1.00 all dimensions are kept.

    Raises:
        ValueError: no variant has any, or there are more than can be told apart.
    """
    shown = [variant for variant in table.variants if table.row(variant, "reconstruction", f"spectral{TRUNCATED[0]}")]
    if not shown:
        raise ValueError("no variant of this study asks for truncation in evaluation.reconstruction")
    if len(shown) > len(LOOKS):
        raise ValueError(f"{len(shown)} variants in one panel; {len(LOOKS)} can be told apart")
    height = 3.0
    figure = Figure(figsize=(6.4, height), layout="constrained")
    # Empty bands at the top and bottom hold the title and the legend.
    figure.get_layout_engine().set(rect=(0, 0.25 / height, 1, 1 - 0.8 / height), w_pad=0.06, h_pad=0.05)
    for axes, (name, title) in zip(figure.subplots(1, len(CUT_SHORT)), CUT_SHORT.items(), strict=True):
        for variant, look in zip(shown, LOOKS, strict=False):
            _draw(axes, table, variant, name, look)
        axes.set_title(title)
        axes.set_xlabel("fidelity of the latent")
        axes.set_xticks([0.8, 0.85, 0.9, 0.95, 1.0])
        axes.grid(color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
    figure.text(0.012, 1 - 0.17 / height, table.title, fontsize=11, weight="bold", va="center")
    note = "dimensions that are not kept are noise of the prior; 1.00: all are kept"
    figure.text(0.012, 1 - 0.39 / height, note, va="center", color=PAPER)
    labels = [table.row(variant, "reconstruction", f"spectral{TRUNCATED[0]}").label for variant in shown]
    figure.legend(figure.axes[0].get_lines(), labels, loc="lower center", ncols=4, bbox_to_anchor=(0.5, 0.0))
    stamp(figure, table.scale)
    return figure


def _draw(axes: Axes, table: StudyTable, variant: str, name: str, look: dict[str, str]) -> None:
    rows = {each: table.row(variant, "reconstruction", f"{name}{each}") for each in TRUNCATED}
    points = [(each / 100, row) for each, row in rows.items() if row is not None and row.value is not None]
    axes.plot([x for x, _ in points], [row.value for _, row in points], **look, zorder=3)
    ends = [(x, row.low, row.high) for x, row in points if row.low is not None]
    if ends:
        axes.vlines(*zip(*ends, strict=True), color=look["color"], linewidth=0.9)
