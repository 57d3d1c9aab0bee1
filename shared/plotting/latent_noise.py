"""What noise in a latent does to its reconstructions: distance and perceived quality against the noise's level."""

from matplotlib.figure import Figure

from shared.measurements.noise import LEVELS, METRICS
from shared.plotting.draw import StudyTable
from shared.plotting.levels import SIDE, Levels, levels_figure

NOISE = Levels(
    kind="noise",
    percents=LEVELS,
    label="noise in the latent, in its standard deviations",
    ticks=(0.0, 0.1, 0.2, 0.4, 0.8),
    note="decoded of posterior means with Gaussian noise, the same for every variant; 0: none",
)


def latent_noise_figure(table: StudyTable) -> Figure:
    """LSD, and PESQ or, where no variant has any, mel distance; a line a variant, with 95 % intervals.

    Raises:
        ValueError: no variant has any, or there are more than can be told apart.
    """
    heard = any(table.row(variant, SIDE, f"noise_pesq{LEVELS[0]}") for variant in table.variants)
    panels = "noise_lsd", "noise_pesq" if heard else "noise_mel"
    return levels_figure(table, NOISE, {name: METRICS[name] for name in panels})
