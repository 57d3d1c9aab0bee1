"""Noise: how far reconstructions are from clips when there is noise in the latent."""

from shared.measurements.base import ByClip
from shared.metrics.statistic import AT_LEAST_0, MOS_LQO, Statistic

# Percent of the latent's standard deviation that the noise has; 0: there is none.
LEVELS = (0, 5, 10, 20, 40, 80)
METRICS = {"noise_lsd": "LSD", "noise_mel": "Mel distance", "noise_pesq": "PESQ"}


class Noise(ByClip):
    """Three metrics at each level of noise."""

    name, place = "noise", 30
    about = "how far clips are from those decoded of the latent with noise in it"
    job = "shared.measurements.jobs.noise"
    statistics = tuple(
        Statistic(
            f"{name}{level}", f"{label} with {level} % of noise", name == "noise_pesq",
            **({"bounds": MOS_LQO} if name == "noise_pesq" else {"bounds": AT_LEAST_0, "analysed": "log"}),
        )
        for name, label in METRICS.items()
        for level in LEVELS
    )  # fmt: skip
