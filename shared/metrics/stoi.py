"""STOI: short-time objective intelligibility (Taal et al. 2011), by the package `pystoi`."""

import warnings

import numpy as np

from shared.metrics.alignment import check_not_silent, trim
from shared.metrics.base import OfTwoSignals
from shared.metrics.failure import NotMeasured
from shared.metrics.statistic import CORRELATION, Statistic

LEAST_SECONDS = 0.384
TOO_SHORT = "less than 384 ms of speech in the reference"


def stoi(reference: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
    """STOI of `clip` against `reference`, both `(time,)`: 1 is identical; pystoi resamples to 10 kHz itself.

    Raises:
        NotMeasured: one of them is silent, or less than 384 ms of speech remain once silent frames are gone. pystoi
            answers 0 or 1e-5 then, which would pull a mean down as if the clip were unintelligible.
    """
    import pystoi  # and with it SciPy's signal processing, which no other metric waits for

    reference, clip = trim(reference, clip)
    check_not_silent(reference, clip)
    if len(reference) < LEAST_SECONDS * sample_rate:
        raise NotMeasured(TOO_SHORT)  # pystoi fails below 25.6 ms
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Not enough STFT frames", category=RuntimeWarning)
        try:
            return float(pystoi.stoi(reference.astype(np.float64), clip.astype(np.float64), sample_rate))
        except RuntimeWarning as warning:
            raise NotMeasured(TOO_SHORT) from warning


class Stoi(OfTwoSignals):
    """STOI of a clip."""

    name, place = "stoi", 40
    statistics = (Statistic("stoi", "STOI", True, place=30, bounds=CORRELATION),)
    sample_rate = 10_000
    estimator = "STOI (Taal et al. 2011), package pystoi"
    function = staticmethod(stoi)
