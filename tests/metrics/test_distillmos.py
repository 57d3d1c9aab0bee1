"""DistillMOS as a metric: what it refuses, and that it hears noise and no gain."""

from importlib.util import find_spec

import numpy as np
import pytest

from shared.corpora.espeak import Voice
from shared.corpora.speech import speak
from shared.metrics.base import Case, Setup
from shared.metrics.distillmos import PredictedQuality, audible
from shared.metrics.failure import NotMeasured

RATE = 16_000


@pytest.mark.parametrize("clip", [
    np.zeros(0), np.zeros(2 * RATE), np.full(2 * RATE, np.nan), 1e-5 * np.sin(np.arange(2 * RATE)),
    np.sin(np.arange(RATE - 1)),
])  # fmt: skip
def test_nothing_to_judge(clip):
    with pytest.raises(NotMeasured):
        audible(clip.astype(np.float32), RATE, RATE)


@pytest.mark.skipif(not find_spec("distillmos"), reason="the package is not installed")
def test_noise_lowers_it_and_gain_does_not_change_it():
    metric = PredictedQuality(Setup())
    spoken = speak("move the red box to the left now", Voice("en-us", "f2"), RATE)
    noise = spoken.std() * np.random.default_rng(0).standard_normal(len(spoken)).astype(np.float32)

    def score(clip):
        return metric(Case(None, clip, None, None, RATE))[0]

    clean = score(spoken)
    assert score(np.float32(0.1) * spoken) == pytest.approx(clean, abs=1e-3)
    assert clean > score(spoken + np.float32(0.1) * noise) > score(spoken + noise)
    assert metric.provenance()["weights_sha256"] == metric.model.weights_sha256
