"""The metrics that can be asked for, what each needs and the columns it fills. Imports nothing heavy."""

from typing import Literal, get_args

MetricName = Literal[
    "wer", "sim", "pesq", "stoi", "dnsmos", "utmos", "mel_distance", "lsd", "si_sdr", "rate", "pitch", "mel_log1p",
    "text_similarity", "kad", "fad",
]  # fmt: skip
NAMES: tuple[MetricName, ...] = get_args(MetricName)

COLUMNS: dict[MetricName, tuple[str, ...]] = {
    "wer": ("words", "word_errors", "characters", "character_errors", "hypothesis"),
    "sim": ("sim",),
    "pesq": ("pesq",),
    "stoi": ("stoi",),
    "dnsmos": ("dnsmos_ovrl", "dnsmos_sig", "dnsmos_bak", "dnsmos_p808"),
    "utmos": ("utmos",),
    "mel_distance": ("mel_distance",),
    "lsd": ("lsd",),
    "si_sdr": ("si_sdr",),
    "rate": ("kl", "kbps"),
    "pitch": ("pitch_std",),
    "mel_log1p": ("mel_log1p",),
    "text_similarity": ("text_similarity",),
    "kad": (),
    "fad": (),
}

# The model of `evaluators` that a metric uses; the others use none.
EVALUATORS: dict[MetricName, str] = {
    "wer": "recogniser",
    "sim": "speaker",
    "utmos": "utmos",
    "text_similarity": "audio_text",
    "kad": "audio_text",
    "fad": "audio_text",
}

# Those that compare a set of clips with the ground truth's: no value for a clip, but an embedding beside the scores.
OF_SETS: tuple[MetricName, ...] = ("kad", "fad")

# Fidelities in percent at which a latent is cut short to see what is lost (RAVE, figure 2); 100: nothing is cut.
TRUNCATED = (80, 85, 90, 95, 99, 100)

# Those that compare a clip with its reference sample by sample; they are left out of a set without references.
INTRUSIVE: tuple[MetricName, ...] = ("pesq", "stoi", "mel_distance", "lsd", "si_sdr", "mel_log1p")
