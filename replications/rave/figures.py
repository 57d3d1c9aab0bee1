"""RAVE's Figures 8 and 2, and as dots what stage two, and another schedule, mean for a generator."""

from matplotlib.figure import Figure

from shared.plotting.compactness import compactness_figure
from shared.plotting.dots import dots_figure
from shared.plotting.draw import StudyTable
from shared.plotting.truncation import truncation_figure


def fig8(table: StudyTable) -> Figure:
    """Effective dimensions through both stages."""
    return compactness_figure(table)


def fig2(table: StudyTable) -> Figure:
    """Distance where the least informative dimensions are noise."""
    return truncation_figure(table)


def generation(table: StudyTable) -> Figure:
    """The three ways of stage two: what they reconstruct, hold and let generate."""
    return dots_figure(
        table, {"reconstruction": ("mel_distance", "lsd", "kl"), "generation": ("text_similarity", "kad", "fad")}
    )


def schedule(table: StudyTable) -> Figure:
    """RAVE's stages against Stable Audio Open's."""
    reconstructed = ("mel_distance", "lsd", "kl", "dims95")
    return dots_figure(table, {"reconstruction": reconstructed, "generation": ("text_similarity", "kad", "fad")})
