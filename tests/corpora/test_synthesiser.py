import numpy as np
import pytest

from shared.corpora.synthesiser import HIGHEST, Synthesiser


def synthesiser(seconds=1.0, rate=8000):
    return Synthesiser(np.random.default_rng(0), rate, seconds)


def levels(audio, rate=8000):
    """Amplitude of each whole number of Hz of one second."""
    assert len(audio) == rate
    return np.abs(np.fft.rfft(audio)) / (rate / 2)


def test_a_tone_has_its_harmonics_and_none_too_high_for_the_rate():
    heard = levels(synthesiser().tone(1500, (1, 0.5, 0.25)))
    assert heard[1500] == pytest.approx(1, abs=1e-6) and heard[3000] == pytest.approx(0.5, abs=1e-6)
    assert HIGHEST * 8000 < 4500 and np.delete(heard, [1500, 3000]).max() < 1e-6


def test_a_glide_covers_equal_intervals_in_equal_times():
    pitch = synthesiser().glide(200, 800)
    assert pitch[0] == 200 and pitch[4000] == pytest.approx(400) and pitch[-1] == pytest.approx(800, rel=1e-3)


@pytest.mark.parametrize("rate", [8000, 48000])
def test_noise_lies_in_its_band_at_any_rate(rate):
    power = levels(synthesiser(rate=rate).noise(500, 1500), rate) ** 2
    assert power[400:1900].sum() > 0.8 * power.sum()
    assert np.isfinite(synthesiser(rate=rate).noise(3000, 90000)).all()


def test_hits_repeat_and_end_with_the_event():
    audio = synthesiser(seconds=0.95).repeat(4, 0.1, lambda hit: np.ones_like(hit.time), jitter=0)
    assert np.flatnonzero(np.diff(audio, prepend=0) > 0).tolist() == [0, 2000, 4000, 6000]
    assert len(audio) == 7600 and audio.sum() == 4 * 800
    assert synthesiser(seconds=0.05).repeat(4, 0.1, lambda hit: np.ones_like(hit.time)).any()
