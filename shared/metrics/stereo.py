"""How wide a stereo signal is and where in it things are, and how well that is kept.

SAME (arXiv 2605.18613) reports a stereo correlation that we found no definition of; this one is a guess. So is the
level difference's error, whose bands are those of SAME's semantic regressors.
"""

import functools

import numpy as np
import torch

from shared.audio.spectral import MelSpectrogram
from shared.metrics.alignment import trim
from shared.metrics.failure import NotMeasured

N_FFT, HOP, BANDS = 2048, 512, 32
FLOOR = 1e-8  # of the power, as of the log-spectral distance: what is quieter has no side


def stereo_correlation(audio: np.ndarray) -> float:
    """Correlation of left and right, means removed: 1 for mono, 0 for unrelated channels, -1 for opposite ones.

    Args:
        audio: `(2, time)`.

    Raises:
        NotMeasured: it is not stereo, or a channel is silent or constant.
    """
    if audio.ndim != 2 or audio.shape[0] != 2:
        raise NotMeasured(f"not stereo, (2, time): {audio.shape}")
    left, right = audio.astype(np.float64) - audio.mean(axis=1, keepdims=True, dtype=np.float64)
    energy = np.sqrt(left @ left * (right @ right))
    if energy == 0:
        raise NotMeasured("a channel is silent")
    return float(left @ right / energy)


def stereo_deviation(reference: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
    """`|correlation(reference) - correlation(clip)|`: 0 where the width is kept.

    Args:
        reference: `(2, time)`.
        clip: `(2, time)`; both are cut to the shorter one.
        sample_rate: not used; all metrics of two signals share this signature.

    Raises:
        NotMeasured: see `stereo_correlation`.
    """
    reference, clip = trim(reference, clip)
    return abs(stereo_correlation(reference) - stereo_correlation(clip))


def correlation_similarity(reference: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
    """`1 - stereo_deviation / 2`: 1 where the width is kept, 0 where mono has become its opposite.

    Raises:
        NotMeasured: see `stereo_correlation`.
    """
    return 1 - stereo_deviation(reference, clip, sample_rate) / 2


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
def _spectrogram(sample_rate: int) -> MelSpectrogram:
    return MelSpectrogram(sample_rate, N_FFT, HOP, BANDS, power=2, scale="htk", unit_area=False)
