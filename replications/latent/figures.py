"""Reconstruction under latent noise, of autoencoders trained with and without it."""

from matplotlib.figure import Figure

from shared.plotting.draw import StudyTable
from shared.plotting.latent_noise import latent_noise_figure


def noise(table: StudyTable) -> Figure:
    """Distance and perceptual score against the level of the noise."""
    return latent_noise_figure(table)
