"""LatentLM's Tables 4 and 5 over the frame rate, its Table 6 and the kinds of bottleneck as dots, and exposure."""

from matplotlib.figure import Figure

from shared.plotting.curve import curve_figure
from shared.plotting.dots import dots_figure
from shared.plotting.draw import StudyTable
from shared.plotting.exposure_bias import exposure_bias_figure


def tables4_5(table: StudyTable) -> Figure:
    """Frame rate, with a prompt of its own and with a prefix."""
    made, read = ("sim", "wer"), ("mel_distance", "pesq")
    panels = [*(("generation", name) for name in made), *(("reconstruction", name) for name in read)]
    prefix = [name for name in table.variants if name.endswith("_prefix")]
    lines = {"another utterance": [name for name in table.variants if name not in prefix], "prefix": prefix}
    return curve_figure(table, panels, lines=lines)


def table6(table: StudyTable) -> Figure:
    """Compression, and width that makes up for it."""
    return dots_figure(table, {"reconstruction": ("sim", "mel_distance"), "generation": ("sim", "wer")})


def sigma(table: StudyTable) -> Figure:
    """The bottleneck's noise."""
    return dots_figure(table, {"reconstruction": ("mel_distance", "kl"), "generation": ("sim", "wer")})


def exposure(table: StudyTable) -> Figure:
    """Drift on own errors, for each rate and each bottleneck."""
    return exposure_bias_figure(table)
