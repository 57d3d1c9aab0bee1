"""What is lost of a latent that is cut short (RAVE, figure 2): distance of reconstructions against fidelity."""

from matplotlib.figure import Figure

from shared.measurements.truncation import DISTANCES, FIDELITIES
from shared.plotting.draw import StudyTable
from shared.plotting.levels import Levels, levels_figure

LEVELS = Levels(
    kind="truncation",
    percents=FIDELITIES,
    label="fidelity of the latent",
    ticks=(0.8, 0.85, 0.9, 0.95, 1.0),
    note="dimensions that are not kept are noise of the prior; 1.00: all are kept",
)


def truncation_figure(table: StudyTable) -> Figure:
    """A panel a distance, a line a variant, with 95 % intervals; at 1.00 all dimensions are kept.

    Raises:
        ValueError: no variant has any, or there are more than can be told apart.
    """
    return levels_figure(table, LEVELS, DISTANCES)
