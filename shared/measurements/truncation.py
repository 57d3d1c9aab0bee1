"""Truncation: how far reconstructions are from clips when only part of the latent is decoded (RAVE, 3.2, figure 2)."""

from shared.measurements.base import ByClip
from shared.metrics.statistic import AT_LEAST_0, Statistic

# Fidelities in percent: what share of the latent's variance the dimensions have that are kept. 100: all are kept.
FIDELITIES = (80, 85, 90, 95, 99, 100)
DISTANCES = {"spectral": "Spectral distance", "mel": "Mel distance"}


class Truncation(ByClip):
    """Two distances at each fidelity."""

    name, place = "truncation", 20
    about = "how far clips are from those decoded of fewer dimensions of the latent"
    job = "shared.measurements.jobs.truncation"
    statistics = tuple(
        Statistic(f"{name}{fidelity}", f"{label} at f = {fidelity / 100:.2f}", False, bounds=AT_LEAST_0, analysed="log")
        for name, label in DISTANCES.items()
        for fidelity in FIDELITIES
    )
