"""Public latents: what is generated of each, and how each reconstructs."""

from matplotlib.figure import Figure

from shared.plotting.dots import dots_figure
from shared.plotting.draw import StudyTable

OF_SOUND = {"generation": ("text_similarity", "kad"), "reconstruction": ("mel_distance", "kad")}


def speech(table: StudyTable) -> Figure:
    """A row for each latent."""
    return dots_figure(table, {"generation": ("wer", "sim"), "reconstruction": ("wer", "mel_distance")})


def music(table: StudyTable) -> Figure:
    """A row for each latent."""
    return dots_figure(table, OF_SOUND)


def sounds(table: StudyTable) -> Figure:
    """A row for each latent."""
    return dots_figure(table, OF_SOUND)
