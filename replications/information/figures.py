"""Five shapes of the latent at one number of floats a second."""

from matplotlib.figure import Figure

from shared.plotting.curve import curve_figure
from shared.plotting.draw import StudyTable


def rate(table: StudyTable) -> Figure:
    """Frame rate, of generation and of reconstruction."""
    made, read = ("wer", "sim"), ("mel_distance", "pesq")
    panels = [*(("generation", name) for name in made), *(("reconstruction", name) for name in read)]
    return curve_figure(table, panels)
