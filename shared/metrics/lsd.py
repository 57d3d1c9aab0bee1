"""LSD: log-spectral distance between two signals."""

import functools
from typing import TYPE_CHECKING

import numpy as np

from shared.metrics.alignment import trim
from shared.metrics.base import BY_CHANNEL, OfTwoSignals
from shared.metrics.failure import NotMeasured
from shared.metrics.statistic import AT_LEAST_0, Statistic

if TYPE_CHECKING:
    from shared.audio.spectral import Stft

N_FFT = 2048
HOP = 512
FLOOR = 1e-8  # of the power spectrum: 80 dB below a full-scale bin of power 1


def log_spectral_distance(reference: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
    """Mean over frames of `sqrt(mean over bins of (log10 P_ref - log10 P_clip)^2)`; 0 is identical, 1 is 10 dB.

    `P` is the power spectrum of a Hann-windowed STFT of 2048 samples, hop 512, as in super-resolution papers;
    powers below `FLOOR` count as equal, so that digital silence does not decide the mean. A difference in level counts,
    and as the floor is absolute, the common level does so a little, too; two silent signals are identical.

    Raises:
        NotMeasured: the signals are shorter than half a window.
    """
    import torch

    pair = torch.from_numpy(np.stack(trim(reference, clip)).astype(np.float32))
    if pair.shape[1] <= N_FFT // 2:
        raise NotMeasured(f"{pair.shape[1]} samples are too few for a window of {N_FFT}")
    power = _stft().magnitude(pair).square().clamp_min(FLOOR).log10()
    return float((power[0] - power[1]).square().mean(0).sqrt().mean())


@functools.cache
def _stft() -> "Stft":
    from shared.audio.spectral import Stft

    return Stft(N_FFT, HOP)


class Lsd(OfTwoSignals):
    """LSD of a clip."""

    name, place = "lsd", 80
    statistics = (Statistic("lsd", "LSD", False, digits=2, place=130, bounds=AT_LEAST_0, analysed="log"),)
    stereo = BY_CHANNEL
    estimator = "log-spectral distance, log10 power, window 2048, hop 512"
    function = staticmethod(log_spectral_distance)
