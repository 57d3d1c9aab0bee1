"""DistillMOS: quality of speech without a reference, by a small model that a large one taught (arXiv 2502.05356).

It needs no hub, where UTMOS does; it is not UTMOS, and their values don't compare.
"""

import numpy as np

from shared.audio.io import resample
from shared.metrics.base import Case, Metric, Setup
from shared.metrics.failure import NotMeasured
from shared.metrics.level import SPEECH_DBOV, at_level
from shared.metrics.statistic import MOS, Statistic

# Below it is not to be trusted: of recordings cut to 0.5 s, noise at 20 dB takes away 1.4 standard deviations of a
# clip's difference; of 1 s 2.1, of 2 s 10.8.
SHORTEST_SECONDS = 1.0


class PredictedQuality(Metric):
    """DistillMOS of a clip."""

    name, place = "distillmos", 65
    statistics = (Statistic("distillmos", "DistillMOS", True, place=55, bounds=MOS),)
    package = "distillmos"
    estimator = (
        "DistillMOS v7, mean over windows of 7.68 s, each at a peak of full scale; a shorter clip is repeated, "
        f"one under {SHORTEST_SECONDS:g} s refused"
    )

    def __init__(self, setup: Setup):
        from shared.evaluators.distillmos import DistillMos

        self.model = DistillMos()

    def __call__(self, case: Case) -> tuple[float]:
        return (self.model.score(audible(case.audio, case.sample_rate, self.model.sample_rate)),)


def audible(clip: np.ndarray, sample_rate: int, rate: int) -> np.ndarray:
    """The clip `(time,)` at `rate` Hz.

    Raises:
        NotMeasured: it is shorter than a second, silent, too quiet or not finite.
    """
    if len(clip) < SHORTEST_SECONDS * sample_rate:
        raise NotMeasured(f"{len(clip) / sample_rate:.2f} s are too short: {SHORTEST_SECONDS:g} s are needed")
    # The model brings each window to one peak itself; this refuses what is no speech.
    return at_level(resample(clip, sample_rate, rate), rate, SPEECH_DBOV)
