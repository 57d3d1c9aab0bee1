"""SI-SDR: scale-invariant signal-to-distortion ratio (Le Roux et al. 2019, eq. 3)."""

import numpy as np

from shared.metrics.alignment import check_not_silent, trim
from shared.metrics.base import BY_CHANNEL, OfTwoSignals
from shared.metrics.failure import NotMeasured
from shared.metrics.statistic import Statistic

CEILING_DB = 100.0  # an identical clip has no distortion at all; float32 audio resolves no more than this


def si_sdr(reference: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
    """`10 log10(|a s|^2 / |a s - x|^2)` with `a = x.s / |s|^2`, means removed, in dB, at most `CEILING_DB`.

    Args:
        reference: the clean signal s, `(time,)`.
        clip: the estimate x, `(time,)`.
        sample_rate: not used; all metrics of two signals share this signature.

    Raises:
        NotMeasured: a signal is silent or constant, or the clip is orthogonal to its reference.
    """
    pair = trim(reference, clip)
    check_not_silent(*pair)
    target, estimate = (signal.astype(np.float64) for signal in pair)
    target, estimate = target - target.mean(), estimate - estimate.mean()
    projection = (estimate @ target / (target @ target)) * target
    signal, distortion = projection @ projection, np.sum((estimate - projection) ** 2)
    if signal == 0:
        raise NotMeasured("the clip is orthogonal to its reference")
    floor = signal * 10 ** (-CEILING_DB / 10)
    return float(10 * np.log10(signal / max(distortion, floor)))


class SiSdr(OfTwoSignals):
    """SI-SDR of a clip."""

    name, place = "si_sdr", 90
    statistics = (Statistic("si_sdr", "SI-SDR (dB)", True, digits=2, place=140),)
    stereo = BY_CHANNEL
    estimator = "SI-SDR (Le Roux et al. 2019), dB"
    function = staticmethod(si_sdr)
