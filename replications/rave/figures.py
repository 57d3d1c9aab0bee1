"""What the adversarial stage does to the generator's latent, as dots."""

from matplotlib.figure import Figure

from shared.plotting.dots import dots_figure
from shared.studies.draw import StudyTable


def generation(table: StudyTable) -> Figure:
    """The three ways of stage two: what they reconstruct, hold and let generate."""
    return dots_figure(
        table, {"reconstruction": ("mel_distance", "lsd", "kl"), "generation": ("text_similarity", "kad", "fad")}
    )
