"""How much a voice's pitch moves: monotonous speech has a low value."""

import numpy as np

from shared.audio.librosa_parts import from_librosa
from shared.metrics.base import Case, Metric
from shared.metrics.failure import NotMeasured
from shared.metrics.statistic import AT_LEAST_0, Statistic

LOWEST_HZ, HIGHEST_HZ = 60.0, 500.0
WINDOW_SECONDS, HOP_SECONDS = 0.064, 0.02
RESOLUTION = 0.2  # of the pitch candidates, in semitones: some five times as quick as librosa's 0.1
LEAST_VOICED = 10  # frames, 0.2 s


def pitch_deviation(clip: np.ndarray, sample_rate: int) -> float:
    """Standard deviation in semitones of a clip's fundamental frequency over its voiced frames; clip is `(time,)`.

    By probabilistic YIN (Mauch & Dixon 2014), package `librosa`. In semitones, so that high and low voices compare.

    Raises:
        NotMeasured: less than 0.2 s of voiced speech, or samples that are not finite.
    """
    if not np.isfinite(clip).all():
        raise NotMeasured("samples that are not finite")
    window, hop = (round(seconds * sample_rate) for seconds in (WINDOW_SECONDS, HOP_SECONDS))
    if len(clip) < window:
        raise NotMeasured(f"{len(clip)} samples are too few for a window of {window}")
    # The first call compiles for some seconds.
    pitch, voiced, _ = from_librosa("pyin")(
        clip, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, sr=sample_rate, frame_length=window, hop_length=hop,
        resolution=RESOLUTION,
    )
    if voiced.sum() < LEAST_VOICED:
        raise NotMeasured(f"less than {LEAST_VOICED * HOP_SECONDS:g} s of voiced speech")
    return float(np.std(12 * np.log2(pitch[voiced])))


class Pitch(Metric):
    """How much the voice of a clip moves."""

    name, place = "pitch", 110
    statistics = (Statistic("pitch_std", "Pitch std (semitones)", True, digits=2, place=160, bounds=AT_LEAST_0),)
    estimator = "standard deviation of F0 in semitones over voiced frames, pYIN of package librosa"

    def __call__(self, case: Case) -> tuple[float]:
        return (pitch_deviation(case.audio, case.sample_rate),)
