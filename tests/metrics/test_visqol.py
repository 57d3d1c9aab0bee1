"""ViSQOL: what it hears of noise, gain and length, and what it refuses."""

from importlib.util import find_spec

import numpy as np
import pytest

from shared.metrics.base import Case, Setup
from shared.metrics.failure import NotMeasured
from shared.metrics.visqol import AUDIO, SPEECH, Visqol, visqol
from shared.metrics.visqol_audio import VisqolAudio

RATE = 16_000
needs_visqol = pytest.mark.skipif(not find_spec("visqol"), reason="the package is not installed")


@pytest.mark.slow  # the first of these calls in an environment compiles
@needs_visqol
def test_noise_lowers_it_and_gain_does_not(speech):
    noise = np.random.default_rng(0).standard_normal(len(speech)).astype(np.float32) * speech.std()
    score = Visqol(Setup()).function
    assert score(speech, np.float32(0.1) * speech, RATE) == pytest.approx(5, abs=1e-3)
    assert 4.9 > score(speech, speech + np.float32(0.1) * noise, RATE) > score(speech, speech + noise, RATE) + 0.5


@pytest.mark.slow
@needs_visqol
def test_audio_mode_hears_each_channel(speech):
    metric = VisqolAudio(Setup())
    noise = np.random.default_rng(0).standard_normal(len(speech)).astype(np.float32) * speech.std()
    same = metric.function(speech, speech, RATE)
    one_spoilt = Case(None, np.stack([speech, speech + noise]), np.stack([speech, speech]), None, RATE)
    assert same == pytest.approx(4.73, abs=0.01) and 2 < metric(one_spoilt)[0] < same - 0.5
    assert len(metric.provenance()["weights_sha256"]) == 64


@pytest.mark.slow
@needs_visqol
@pytest.mark.parametrize("mode", [SPEECH, AUDIO])
def test_the_shortest_clip_has_a_patch_even_if_it_is_silent_there(mode, speech):
    shortest = int(mode.shortest * RATE)
    for clip in (speech[:shortest], np.pad(speech[:500], (shortest - 500, 0))):
        assert visqol(clip, clip, RATE, mode) > 4


@pytest.mark.parametrize(("reference", "clip", "reason"), [
    (np.ones(0), np.ones(9), "no samples"), (np.zeros(RATE), np.arange(RATE), "the reference is silent"),
    (np.arange(RATE), np.zeros(RATE), "the clip is silent"), (np.arange(RATE), np.full(RATE, np.nan), "not finite"),
    (np.arange(RATE), np.arange(11_000), "0.69 s are too short"),
])  # fmt: skip
def test_nothing_to_compare(reference, clip, reason):
    with pytest.raises(NotMeasured, match=reason):
        visqol(reference.astype(np.float32), clip.astype(np.float32), RATE, SPEECH)
