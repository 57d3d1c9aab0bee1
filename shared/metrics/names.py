"""The metrics that can be asked for, what each needs and the columns it fills. Imports nothing heavy."""

from collections.abc import Iterable
from typing import Literal, get_args

MetricName = Literal[
    "wer", "sim", "pesq", "stoi", "dnsmos", "utmos", "mel_distance", "lsd", "si_sdr", "rate", "pitch", "mel_log1p",
    "muq_eval", "text_similarity", "kad", "fad", "stereo_correlation", "level_difference_error", "chroma",
]  # fmt: skip
NAMES: tuple[MetricName, ...] = get_args(MetricName)

COLUMNS: dict[MetricName, tuple[str, ...]] = {
    "wer": ("words", "word_errors", "characters", "character_errors", "hypothesis"),
    "sim": ("sim",),
    "pesq": ("pesq",),
    "stoi": ("stoi",),
    "dnsmos": ("dnsmos_ovrl", "dnsmos_sig", "dnsmos_bak", "dnsmos_p808"),
    "utmos": ("utmos",),
    "muq_eval": ("muq_eval",),
    "mel_distance": ("mel_distance",),
    "lsd": ("lsd",),
    "si_sdr": ("si_sdr",),
    "rate": ("kl", "kbps"),
    "pitch": ("pitch_std",),
    "mel_log1p": ("mel_log1p",),
    "text_similarity": ("text_similarity",),
    "kad": (),
    "fad": (),
    "stereo_correlation": ("stereo_correlation",),
    "level_difference_error": ("level_difference_error",),
    "chroma": ("chroma",),
}

# The model of `evaluators` that a metric uses; the others use none.
EVALUATORS: dict[MetricName, str] = {
    "wer": "recogniser",
    "sim": "speaker",
    "utmos": "utmos",
    "muq_eval": "muq_eval",
    "text_similarity": "audio_text",
    "kad": "audio_text",
    "fad": "audio_text",
}

# Those that compare a set of clips with the ground truth's: no value for a clip, but an embedding beside the scores.
OF_SETS: tuple[MetricName, ...] = ("kad", "fad")

# Those that compare a clip with the notes of its piece, which only music that is made here has.
OF_NOTES: tuple[MetricName, ...] = ("chroma",)

# Fidelities in percent at which a latent is cut short to see what is lost (RAVE, figure 2); 100: nothing is cut.
TRUNCATED = (80, 85, 90, 95, 99, 100)

# Those that compare a clip with its reference sample by sample; they are left out of a set without references.
INTRUSIVE: tuple[MetricName, ...] = (
    "pesq", "stoi", "mel_distance", "lsd", "si_sdr", "mel_log1p", "stereo_correlation", "level_difference_error",
)  # fmt: skip

# What a metric makes of stereo. Those that are not here are of one channel by definition, as a voice has.
OF_STEREO: dict[MetricName, str] = {
    "mel_distance": "mean over the channels",
    "lsd": "mean over the channels",
    "si_sdr": "mean over the channels",
    "mel_log1p": "mean over the channels",
    "rate": "of the latent of both channels",
    "text_similarity": "of the channels' mean, as the model is mono",
    "muq_eval": "of the channels' mean, as the model is mono",
    "kad": "of the channels' mean, as the model is mono",
    "fad": "of the channels' mean, as the model is mono",
    "stereo_correlation": "of left and right",
    "level_difference_error": "of left and right",
    "chroma": "of the channels' mean",
}
STEREO_ONLY: tuple[MetricName, ...] = ("stereo_correlation", "level_difference_error")


def channels_problem(metrics: Iterable[MetricName], channels: int) -> str | None:
    """Why clips of 1 or 2 `channels` have no values of some of the metrics, or None."""
    if channels == 1:
        wrong = [name for name in NAMES if name in metrics and name in STEREO_ONLY]
        return f"{', '.join(wrong)}: of stereo alone, and the corpus has channels: 1; drop it" if wrong else None
    wrong = [name for name in NAMES if name in metrics and name not in OF_STEREO]
    return f"{', '.join(wrong)}: of one channel alone, and the corpus has channels: 2; drop it" if wrong else None
