"""DNSMOS against the package that the models come from."""

import numpy as np
import pytest

from shared.corpora.espeak import Voice
from shared.corpora.speech import speak
from shared.metrics.dnsmos import SEGMENT, dnsmos, log_mel, segments
from shared.metrics.failure import NotMeasured
from shared.metrics.level import SPEECH_DBOV, at_level

RATE = 16_000


@pytest.mark.slow
def test_equals_the_package(speech):
    pytest.importorskip("librosa")
    package = pytest.importorskip("speechmos.dnsmos")
    # Each has to be doubled, and is then one or two windows long.
    one, two = (np.tile(speech, 4)[: round(seconds * RATE)] for seconds in (4.6, 5.6))
    for ours, heard in (
        (dnsmos(two, RATE), at_level(two, RATE, SPEECH_DBOV)),
        (dnsmos(one, RATE, dbov=None), one),
    ):
        theirs = package.run(heard, RATE)
        expected = [float(theirs[f"{name}_mos"]) for name in ("ovrl", "sig", "bak", "p808")]
        assert list(ours) == pytest.approx(expected, abs=1e-4)


def test_the_score_does_not_depend_on_the_level_at_which_speech_was_written():
    spoken = speak("move red box", Voice("en-us", "f2"), RATE)
    expected = dnsmos(spoken, RATE, windows=1)
    for gain in (0.01, 10):
        assert list(dnsmos(np.float32(gain) * spoken, RATE, windows=1)) == pytest.approx(list(expected), abs=1e-3)
    assert dnsmos(np.float32(0.01) * spoken, RATE, windows=1, dbov=None).ovrl < expected.ovrl - 0.3


def test_peaks_beyond_full_scale_are_clipped(speech):
    speech[100] = 30 * np.abs(speech).max()
    heard = at_level(speech, RATE, SPEECH_DBOV)
    assert np.abs(heard).max() > 1.5
    expected = dnsmos(np.clip(heard, -1, 1), RATE, windows=1, dbov=None)
    assert list(dnsmos(speech, RATE, windows=1)) == pytest.approx(list(expected), abs=1e-4)


class Levels:
    """Stands for a model: what it makes of a window is told by that window's level."""

    def __init__(self, outputs: int):
        self.outputs = outputs

    def run(self, _, given):
        return [np.full((1, self.outputs), np.abs(given["input_1"]).mean())]


def test_fewer_windows_are_the_first_of_all(speech, monkeypatch):
    monkeypatch.setattr("shared.metrics.dnsmos._sessions", lambda threads: (Levels(3), Levels(1)))
    clip = np.tile(speech, 8)[: 11 * RATE] * np.linspace(0.5, 1, 11 * RATE, dtype=np.float32)
    assert dnsmos(clip, RATE, windows=1, dbov=None) == dnsmos(clip[:SEGMENT], RATE, dbov=None)
    assert dnsmos(clip, RATE, windows=2) == dnsmos(clip, RATE) != dnsmos(clip, RATE, windows=1)


def test_noise_lowers_the_background_score(speech):
    noise = 0.05 * np.random.default_rng(0).standard_normal(len(speech)).astype(np.float32)
    assert dnsmos(speech + noise, RATE, windows=1).bak < dnsmos(speech, RATE, windows=1).bak - 0.3


@pytest.mark.parametrize(("seconds", "count"), [(1.3, 1), (9.01, 1), (9.9, 1), (10.5, 1), (11, 2), (12, 3)])
def test_windows_are_those_of_the_reference_code(seconds, count):
    windows = segments(np.arange(int(seconds * RATE), dtype=np.float32))
    assert len(windows) == count and all(len(window) == SEGMENT for window in windows)


def test_short_clips_are_repeated():
    window = segments(np.arange(1000, dtype=np.float32))[0]
    assert (window[:1000] == window[1000:2000]).all()


def test_log_mel_equals_librosa(speech):
    librosa = pytest.importorskip("librosa")
    mel = librosa.feature.melspectrogram(y=speech, sr=RATE, n_fft=321, hop_length=160, n_mels=120)
    expected = (librosa.power_to_db(mel, ref=np.max) + 40) / 40
    np.testing.assert_allclose(log_mel(speech), expected.T, atol=1e-3)


@pytest.mark.parametrize("clip", [np.zeros(0), np.zeros(RATE), 1e-5 * np.sin(np.arange(RATE)), np.full(RATE, np.nan)])
def test_nothing_to_judge(clip):
    with pytest.raises(NotMeasured):
        dnsmos(clip.astype(np.float32), RATE)
