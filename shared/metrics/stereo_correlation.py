"""Stereo correlation: whether a clip's left and right channel are as alike as its reference's.

SAME (arXiv 2605.18613) reports a metric of this name and does not define it. This definition is ours, so that values
do not compare with that paper's.
"""

import numpy as np

from shared.metrics.alignment import trim
from shared.metrics.base import LEFT_AND_RIGHT, OfTwoSignals
from shared.metrics.failure import NotMeasured
from shared.metrics.statistic import Statistic


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


class StereoCorrelation(OfTwoSignals):
    """How well a clip keeps the correlation of its channels."""

    name, place = "stereo_correlation", 170
    statistics = (Statistic("stereo_correlation", "Stereo correlation", True, place=220, bounds=(0.0, 1.0)),)
    stereo, stereo_only = LEFT_AND_RIGHT, True
    estimator = "1 - |difference of the correlations of left and right| / 2"
    function = staticmethod(correlation_similarity)
