"""Semantic-VAE's Tables 1 to 3 as dots."""

from matplotlib.figure import Figure

from shared.plotting.dots import dots_figure
from shared.plotting.draw import StudyTable


def tables1_2(table: StudyTable) -> Figure:
    """With and without alignment: what it does to generation, and to reconstruction."""
    return dots_figure(
        table, {"generation": ("wer", "sim", "utmos", "dnsmos_ovrl"), "reconstruction": ("pesq", "stoi", "utmos")}
    )


def table2(table: StudyTable) -> Figure:
    """What alignment costs in reconstruction, beside what a quarter of the channels does."""
    return dots_figure(table, {"reconstruction": ("pesq", "stoi", "utmos")})


def table3(table: StudyTable) -> Figure:
    """Distance and layer of the alignment."""
    return dots_figure(table, {"generation": ("wer", "sim", "utmos")})
