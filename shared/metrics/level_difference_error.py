"""Level difference error: whether what sounds on the left or right of the reference does so in a clip, too.

In each frame and band the level of the left channel less that of the right says on which side something sounds. The
definition is ours; the bands are those that SAME's semantic regressors (arXiv 2605.18613) look at.
"""

import functools
from typing import TYPE_CHECKING

import numpy as np

from shared.metrics.alignment import trim
from shared.metrics.base import LEFT_AND_RIGHT, OfTwoSignals
from shared.metrics.failure import NotMeasured
from shared.metrics.statistic import AT_LEAST_0, Statistic

if TYPE_CHECKING:
    from shared.audio.spectral import MelSpectrogram

N_FFT, HOP, BANDS = 2048, 512, 32
FLOOR = 1e-8  # of the power, as in the log-spectral distance: the side of anything quieter does not count


def level_difference_error(reference: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
    """Mean over frames and mel bands of `|D(reference) - D(clip)|`, `D = 10 log10(M |L|^2 / M |R|^2)`, in dB.

    M are 32 mel filters over a Hann-windowed STFT of 2048 samples, hop 512; powers below `FLOOR` are raised to it.

    Args:
        reference: `(2, time)`.
        clip: `(2, time)`; both are cut to the shorter one.
        sample_rate: in Hz.

    Raises:
        NotMeasured: they are not stereo, or shorter than half a window.
    """
    import torch

    reference, clip = trim(reference, clip)
    if not reference.shape[:-1] == clip.shape[:-1] == (2,):
        raise NotMeasured(f"not stereo, (2, time): {reference.shape} and {clip.shape}")
    if reference.shape[1] <= N_FFT // 2:
        raise NotMeasured(f"{reference.shape[1]} samples are too few for a window of {N_FFT}")
    channels = torch.from_numpy(np.concatenate([reference, clip]).astype(np.float32))
    levels = 10 * _spectrogram(sample_rate)(channels).clamp_min(FLOOR).log10()
    left, right, clip_left, clip_right = levels
    return float(((left - right) - (clip_left - clip_right)).abs().mean())


@functools.cache
def _spectrogram(sample_rate: int) -> "MelSpectrogram":
    from shared.audio.spectral import MelSpectrogram

    return MelSpectrogram(sample_rate, N_FFT, HOP, BANDS, power=2, scale="htk", unit_area=False)


class LevelDifferenceError(OfTwoSignals):
    """How far the level differences of a clip's channels are from its reference's."""

    name, place = "level_difference_error", 180
    statistics = (
        Statistic(name, "Level difference error (dB)", False, digits=2, place=230, bounds=AT_LEAST_0, analysed="log"),
    )  # fmt: skip
    stereo, stereo_only = LEFT_AND_RIGHT, True
    estimator = "L1 of left/right level differences of mel bands, dB"
    function = staticmethod(level_difference_error)
