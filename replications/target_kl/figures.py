"""Target-KL's Figure 1 and Tables 2 and 3 over the measured rate, and how well λ makes it the one asked for."""

from matplotlib.figure import Figure

from shared.plotting.curve import curve_figure
from shared.plotting.dots import dots_figure
from shared.plotting.draw import StudyTable

RATE = ("reconstruction", "kbps")
DISTORTION = ("reconstruction", "mel_distance")


def fig1(table: StudyTable) -> Figure:
    """Rate and distortion."""
    return curve_figure(table, [DISTORTION], RATE)


def table2(table: StudyTable) -> Figure:
    """Text to sound, beside the distortion that it would be chosen by."""
    made = [("generation", name) for name in ("text_similarity", "kad", "fad")]
    return curve_figure(table, [DISTORTION, *made], RATE)


def table3(table: StudyTable) -> Figure:
    """Text to speech, with the prompt's own recording and with another."""
    panels = [("reconstruction", "wer"), *(("generation", name) for name in ("wer", "sim", "pitch_std"))]
    swapped = [name for name in table.variants if name.endswith("_swapped")]
    lines = {"prompt as it is": [name for name in table.variants if name not in swapped], "recording swapped": swapped}
    return curve_figure(table, panels, RATE, lines)


def weight(table: StudyTable) -> Figure:
    """What the weight of the penalty does to rate and distortion."""
    return dots_figure(table, {"reconstruction": ("kl", "mel_distance")})
