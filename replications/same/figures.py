"""SAME's Table 2 as dots: what each latent reconstructs, lets generate and holds for a linear map to find."""

from matplotlib.figure import Figure

from shared.plotting.dots import dots_figure
from shared.plotting.draw import StudyTable


def table2(table: StudyTable) -> Figure:
    """Five latents from the conventional to the shaped."""
    reconstructed = ("mel_log1p", "si_sdr", "stereo_correlation", "level_difference_error", "chroma_error")
    generated = ("fad", "kad", "muq_eval", "text_similarity")
    return dots_figure(table, {"reconstruction": reconstructed, "generation": generated})
