"""PESQ, wideband (ITU-T P.862.2), by the package `pesq`."""

import numpy as np

from shared.audio.io import resample
from shared.metrics.alignment import check_not_silent, trim
from shared.metrics.base import OfTwoSignals
from shared.metrics.failure import NotMeasured
from shared.metrics.guard import Guard
from shared.metrics.statistic import MOS_LQO, Statistic

SAMPLE_RATE = 16_000  # P.862.2 is defined at 16 kHz only

# The package's C code can die on a valid clip.
_guarded = Guard("pesq")


def wideband_pesq(reference: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
    """MOS-LQO of `clip` against `reference`, both `(time,)`: about 1.04 (worst) to 4.64 (identical).

    It is computed in a process of its own, as the package's native code can die on a clip (see `Guard`).

    Raises:
        NotMeasured: one of them is silent, no speech is found, there is less than a quarter of a second of signal, or
            the native code has died.
    """
    check_not_silent(*trim(reference, clip))
    reference, clip = trim(resample(reference, sample_rate, SAMPLE_RATE), resample(clip, sample_rate, SAMPLE_RATE))
    return _guarded(_native, reference, clip)


def _native(reference: np.ndarray, clip: np.ndarray) -> float:
    import pesq

    try:
        return float(pesq.pesq(SAMPLE_RATE, reference, clip, "wb"))
    except (pesq.NoUtterancesError, pesq.BufferTooShortError) as error:
        message = error.args[0]
        raise NotMeasured(message.decode() if isinstance(message, bytes) else str(message)) from error


class Pesq(OfTwoSignals):
    """PESQ of a clip, wideband."""

    name, place = "pesq", 30
    statistics = (Statistic("pesq", "PESQ", True, place=70, bounds=MOS_LQO),)
    sample_rate = SAMPLE_RATE
    estimator = "PESQ MOS-LQO, wideband (ITU-T P.862.2), package pesq"
    function = staticmethod(wideband_pesq)
