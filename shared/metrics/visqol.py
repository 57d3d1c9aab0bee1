"""ViSQOL: how alike a clip and its reference sound (Chinen et al. 2020, arXiv 2004.09584), by package `visqol-python`.

In speech mode, at 16 kHz. Its similarity is mapped to a MOS by the formula and not by the lattice model, which gives
white noise at 20, 10 and 0 dB much the same. `visqol_audio` is the other mode, for music and sounds.
"""

import functools
import importlib
import os
import sys
from typing import Any, NamedTuple

import numpy as np

from shared.audio.io import resample
from shared.evaluators.package import package_folder
from shared.metrics.alignment import check_not_silent, trim
from shared.metrics.base import OfTwoSignals, Setup
from shared.metrics.failure import NotMeasured
from shared.metrics.guard import Guard
from shared.metrics.statistic import MOS, Statistic


class Mode(NamedTuple):
    """A mode of the package: its name, the rate in Hz that it asks for, and seconds that hold one patch at least."""

    name: str
    rate: int
    shortest: float


# The first patch begins 9 frames of 20 ms after a clip's start, of audio 14, and lasts 20, of audio 30.
SPEECH, AUDIO = Mode("speech", 16_000, 0.75), Mode("audio", 48_000, 1.0)

# libsvm's native code maps the audio mode, and numba's settings are a process'. The first call of all compiles, which
# takes 20 s of a core and is kept in the package's folder.
_guarded = Guard("visqol", limit=900)


def visqol(reference: np.ndarray, clip: np.ndarray, sample_rate: int, mode: Mode) -> float:
    """MOS-LQO of `clip` against `reference`, both `(time,)`, 1 to 5; in speech mode an identical clip has 5.

    Both are cut to the shorter one. The package brings them to one level, so that their gain does not count.

    Raises:
        NotMeasured: one of them is silent or not finite, they are too short for a patch, or native code has died.
    """
    pair = trim(reference, clip)
    check_not_silent(*pair)
    if len(pair[0]) < mode.shortest * sample_rate:
        raise NotMeasured(f"{len(pair[0]) / sample_rate:.2f} s are too short: {mode.shortest:g} s are needed")
    return _guarded(_measure, *(resample(each, sample_rate, mode.rate).astype(np.float64) for each in pair), mode)


def _measure(reference: np.ndarray, clip: np.ndarray, mode: Mode) -> float:
    return float(_api(mode.name).measure_from_arrays(reference, clip, mode.rate).moslqo)


@functools.cache
def _api(mode: str) -> Any:
    os.environ["NUMBA_NUM_THREADS"] = "1"
    try:
        package = importlib.import_module("visqol")
    except RuntimeError:  # of numba, where it can keep nothing; without it the same values take six times as long
        sys.modules["numba"] = None  # type: ignore[assignment]
        package = importlib.import_module("visqol")
    api = package.VisqolApi()
    api.create(mode, use_lattice_model=False)
    return api


class Visqol(OfTwoSignals):
    """ViSQOL of a clip, in speech mode."""

    name, place = "visqol", 35
    statistics = (Statistic("visqol", "ViSQOL", True, place=72, bounds=MOS),)
    package = "visqol"
    sample_rate = SPEECH.rate
    estimator = "ViSQOL MOS-LQO, speech mode at 16 kHz, exponential mapping without the lattice model, visqol-python"

    def __init__(self, setup: Setup):
        package_folder(self.package, self.name)

    @staticmethod
    def function(reference: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
        """See `visqol`."""
        return visqol(reference, clip, sample_rate, SPEECH)
