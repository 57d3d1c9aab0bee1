"""One look for all figures: readable in print, safe for colour-blind eyes, the same bytes each time."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.typing import RcKeyType

from shared.files import atomic_path

# Okabe and Ito's colour-blind safe palette (2008); the two sides also differ in line and marker.
RECONSTRUCTION = "#0072B2"
GENERATION = "#D55E00"
PAPER = "#6E6E6E"
GRID = "#E4E4E4"

Look = Mapping[str, Any]  # how a line is drawn: keyword arguments of matplotlib

_STYLE: dict[RcKeyType, Any] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same glyphs on every machine
    "font.size": 8,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.labelsize": 8,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.edgecolor": "#444444",
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,  # text stays text
    "svg.hashsalt": "figure",
    "text.parse_math": False,  # a title with two dollar signs is no formula
}


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Draw in this project's style, whatever the user's matplotlibrc says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def banded_figure(width: float, height: float, bottom: float, filled: float) -> Figure:
    """An empty figure, in inches, with bands above and below its panels, which hold the title and the legend.

    Args:
        width, height: of the figure.
        bottom: the lower band's share of the height.
        filled: the panels' share of the height.
    """
    layout = ConstrainedLayoutEngine(rect=(0, bottom, 1, filled), w_pad=0.06, h_pad=0.05)
    return Figure(figsize=(width, height), layout=layout)


def save_figure(figure: Figure, pdf: Path, png: Path) -> None:
    """Write PDF and PNG; the same figure gives the same bytes: no dates, no versions."""
    with atomic_path(pdf) as temporary:
        figure.savefig(
            temporary, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None}
        )
    with atomic_path(png) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def stamp(figure: Figure, scale: str) -> None:
    """Mark a smoke run across the figure: nobody may take it for a result."""
    if scale == "smoke":
        figure.text(
            0.5,
            0.5,
            "smoke: not evidence",
            ha="center",
            va="center",
            rotation=24,
            fontsize=min(40, 6 * figure.get_figwidth()),  # a narrow one does not cut it off
            weight="bold",
            color="#B00020",
            alpha=0.18,
            zorder=10,
        )


def subtitle(axes: Axes, text: str) -> None:
    """Write a small line between a panel and its title."""
    axes.text(0.5, 1.02, text, transform=axes.transAxes, ha="center", va="bottom", color=PAPER, fontsize=7.5)


def colour_axis(axes: Axes, side: str, colour: str) -> None:
    """Colour one of the two vertical axes like the line that belongs to it."""
    axes.spines[side].set_visible(True)
    axes.spines[side].set_color(colour)
    axes.tick_params(axis="y", colors=colour)
    axes.yaxis.label.set_color(colour)
