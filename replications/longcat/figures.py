"""LongCat-AudioDiT's Figures 3 and 4 in the paper's layout, and its Table 4 as dots."""

from matplotlib.figure import Figure

from shared.plotting.dots import dots_figure
from shared.plotting.draw import StudyTable
from shared.plotting.sweep import Panel, sweep_figure

# The paper's four panels: what it measures of the autoencoder (solid) and of the speech generator (dashed).
PANELS = (
    Panel("Intelligibility", reconstruction="stoi", generation="wer", stand_in="per"),
    Panel("Similarity", reconstruction="sim", generation="sim"),
    Panel("Naturalness", reconstruction="utmos", generation="utmos", stand_in="dnsmos_p808"),
    Panel("Quality", reconstruction="pesq", generation="dnsmos_ovrl"),
)


def fig3(table: StudyTable) -> Figure:
    """Latent dimension."""
    return sweep_figure(table, PANELS)


def fig4(table: StudyTable) -> Figure:
    """Latent frame rate."""
    return sweep_figure(table, PANELS)


def table4(table: StudyTable) -> Figure:
    """Prompt fix and guidance, on the latent that the paper ships."""
    return dots_figure(table, {"generation": ("wer", "sim", "utmos", "dnsmos_ovrl")})
