"""How much a voice's pitch moves: monotonous speech has a low value."""

import functools
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shared.audio.io import resample
from shared.files import sha256
from shared.metrics.base import Case, Metric, Setup
from shared.metrics.failure import NotMeasured
from shared.metrics.level import QUIETEST_DBOV, SPEECH_DBOV, active_level, at_level
from shared.metrics.statistic import AT_LEAST_0, Statistic

LOWEST_HZ, HIGHEST_HZ = 60.0, 500.0
SAMPLE_RATE, HOP = 16_000, 256  # of the model; a frame has 16 ms
VOICED = 0.5  # confidence that a frame is voiced, as the package says
LEAST_SECONDS = 0.2  # of voiced frames, for their pitch to be measured


class PitchTrack(NamedTuple):
    """Fundamental frequency in Hz of each frame of 16 ms, `(frames,)`, and whether the frame is voiced."""

    hertz: np.ndarray
    voiced: np.ndarray


def pitch_track(clip: np.ndarray, sample_rate: int, threads: int = 1) -> PitchTrack:
    """Pitch of a clip `(time,)` between 60 and 500 Hz, by SwiftF0 (Nieradzik 2025, arXiv 2508.18440), package swift-f0.

    It is heard at one level, since the package takes frames below a peak of 0.001 for unvoiced. Of a silent clip
    none is voiced.

    Raises:
        NotMeasured: the clip is empty or not finite.
    """
    if len(clip) == 0 or not np.isfinite(clip).all():
        raise NotMeasured("the clip is empty or not finite")
    audio = resample(clip, sample_rate, SAMPLE_RATE)
    if active_level(audio, SAMPLE_RATE) < QUIETEST_DBOV:
        frames = max(1, len(audio) // HOP)
        return PitchTrack(np.zeros(frames), np.zeros(frames, dtype=bool))
    found = _detector(threads).detect(at_level(audio, SAMPLE_RATE, SPEECH_DBOV), SAMPLE_RATE, LOWEST_HZ, HIGHEST_HZ)
    return PitchTrack(found.pitch_hz, found.confidence >= VOICED)


def check_voiced(voiced: np.ndarray, what: str) -> None:
    """Refuse frames `(frames,)` of which too few are voiced.

    Raises:
        NotMeasured: less than 0.2 s.
    """
    if voiced.sum() * HOP < LEAST_SECONDS * SAMPLE_RATE:
        raise NotMeasured(f"less than {LEAST_SECONDS:g} s of {what}")


def pitch_deviation(clip: np.ndarray, sample_rate: int, threads: int = 1) -> float:
    """Standard deviation in semitones of a clip's fundamental frequency over its voiced frames; clip is `(time,)`.

    In semitones, so that high and low voices compare.

    Raises:
        NotMeasured: less than 0.2 s of voiced speech, or samples that are not finite.
    """
    hertz, voiced = pitch_track(clip, sample_rate, threads)
    check_voiced(voiced, "voiced speech")
    return float(np.std(12 * np.log2(hertz[voiced])))


@functools.cache
def _detector(threads: int) -> Any:
    import swift_f0

    return swift_f0.SwiftF0(threads, spin=False)


class OfPitch(Metric):
    """What rests on the pitch of a clip."""

    sample_rate, level_dbov = SAMPLE_RATE, SPEECH_DBOV

    def __init__(self, setup: Setup):
        self.threads = setup.threads

    def provenance(self) -> dict[str, Any]:
        """See `Metric`; the model is the package's."""
        spec = find_spec("swift_f0")
        weights = spec and spec.origin and sha256(Path(spec.origin).with_name("model.onnx"))
        return super().provenance() | {"embedder": "ONNX model of package swift-f0", "weights_sha256": weights}


class Pitch(OfPitch):
    """How much the voice of a clip moves."""

    name, place = "pitch", 110
    statistics = (Statistic("pitch_std", "Pitch std (semitones)", True, digits=2, place=160, bounds=AT_LEAST_0),)
    estimator = "standard deviation of F0 in semitones over voiced frames of 16 ms, SwiftF0 of package swift-f0"

    def __call__(self, case: Case) -> tuple[float]:
        return (pitch_deviation(case.audio, case.sample_rate, self.threads),)
