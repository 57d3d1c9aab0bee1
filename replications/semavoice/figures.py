"""SemaVoice's Table 4 over the frame rate, with and without alignment, and its Table 3 as dots."""

from matplotlib.figure import Figure

from shared.plotting.curve import curve_figure
from shared.plotting.dots import dots_figure
from shared.plotting.draw import StudyTable


def table4(table: StudyTable) -> Figure:
    """Frame rate and alignment."""
    made, read = ("wer", "sim"), ("pesq", "stoi")
    panels = [*(("generation", name) for name in made), *(("reconstruction", name) for name in read)]
    plain = [name for name in table.variants if name.endswith("_plain")]
    lines = {"aligned": [name for name in table.variants if name not in plain], "not aligned": plain}
    return curve_figure(table, panels, lines=lines)


def table3(table: StudyTable) -> Figure:
    """What the generator rests on."""
    return dots_figure(table, {"generation": ("wer", "sim")})
