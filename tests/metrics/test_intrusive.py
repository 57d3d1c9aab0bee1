"""Metrics of a clip against its reference."""

import numpy as np
import pesq
import pystoi
import pytest
import soxr

from shared.metrics.failure import NotMeasured
from shared.metrics.lsd import log_spectral_distance
from shared.metrics.mel_distance import mel_distance
from shared.metrics.pesq import wideband_pesq
from shared.metrics.si_sdr import CEILING_DB, si_sdr
from shared.metrics.stoi import stoi

RATE = 16_000
BETTER_WHEN_HIGHER = {wideband_pesq: True, stoi: True, si_sdr: True, mel_distance: False, log_spectral_distance: False}
PERFECT = {wideband_pesq: 4.644, stoi: 1.0, si_sdr: CEILING_DB, mel_distance: 0.0, log_spectral_distance: 0.0}
METRICS = list(PERFECT)


@pytest.mark.parametrize("metric", METRICS)
def test_identical_clip_is_perfect(metric, speech):
    assert metric(speech, speech, RATE) == pytest.approx(PERFECT[metric], abs=1e-3)


@pytest.mark.parametrize("metric", METRICS)
def test_more_noise_is_worse(metric, speech):
    noise = np.random.default_rng(2).standard_normal(len(speech)).astype(np.float32)
    values = [metric(speech, speech + level * noise, RATE) for level in (0.002, 0.01, 0.05)]
    assert values == sorted(values, reverse=BETTER_WHEN_HIGHER[metric])


@pytest.mark.parametrize("metric", METRICS)
def test_a_longer_clip_is_trimmed(metric, speech, noisy):
    longer = np.concatenate([noisy, np.ones(300, dtype=np.float32)])
    assert metric(speech, longer, RATE) == metric(speech, noisy, RATE)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("broken", ["empty", "nan"])
def test_broken_audio_is_not_measured(metric, broken, speech):
    clip = speech[:0] if broken == "empty" else np.where(np.arange(len(speech)) == 7, np.nan, speech)
    with pytest.raises(NotMeasured):
        metric(speech, clip.astype(np.float32), RATE)


@pytest.mark.parametrize("offset", [0, 0.1])
@pytest.mark.parametrize("metric", [wideband_pesq, stoi, si_sdr])
def test_silence_is_not_measured(metric, offset, speech):
    silence = np.full_like(speech, offset)
    late = np.concatenate([silence, speech])  # of which the longer part is not compared
    for pair in ((speech, silence), (silence, speech), (silence, silence), (speech, late)):
        with pytest.raises(NotMeasured, match="silent"):
            metric(*pair, RATE)


@pytest.mark.parametrize("samples", [2, 300, 800])
@pytest.mark.parametrize("metric", [wideband_pesq, stoi, mel_distance, log_spectral_distance])
def test_too_short_is_not_measured_and_never_a_constant(metric, samples, speech):
    short = speech[4000 : 4000 + samples]
    with pytest.raises(NotMeasured):
        metric(short, short, RATE)


def test_pesq_is_the_package_at_16_khz(speech, noisy):
    assert wideband_pesq(speech, noisy, RATE) == pytest.approx(pesq.pesq(RATE, speech, noisy, "wb"))
    high = [soxr.resample(signal, RATE, 24_000) for signal in (speech, noisy)]
    assert wideband_pesq(*high, 24_000) == pytest.approx(wideband_pesq(speech, noisy, RATE), abs=0.05)


def test_stoi_is_the_package(speech, noisy):
    expected = pystoi.stoi(speech.astype(np.float64), noisy.astype(np.float64), RATE)
    assert stoi(speech, noisy, RATE) == pytest.approx(expected, abs=1e-12)


def test_si_sdr_of_orthogonal_noise_is_its_level_and_ignores_scale():
    time = np.arange(RATE) / RATE
    signal, noise = np.sin(2 * np.pi * 100 * time), 0.1 * np.sin(2 * np.pi * 200 * time)
    assert si_sdr(signal, signal + noise, RATE) == pytest.approx(20, abs=1e-6)
    assert si_sdr(signal, 0.3 * (signal + noise), RATE) == pytest.approx(20, abs=1e-6)
    assert si_sdr(signal, noise + 1e-9 * signal, RATE) < -100


def test_halving_the_level_moves_log_spectra_by_a_known_amount(speech):
    loud = 0.1 * np.random.default_rng(3).standard_normal(RATE).astype(np.float32)
    assert log_spectral_distance(loud, loud / 2, RATE) == pytest.approx(2 * np.log10(2), abs=1e-3)
    assert mel_distance(loud, loud / 2, RATE) == pytest.approx(np.log10(2), abs=1e-3)


def test_log_spectral_distance_is_its_formula(speech, noisy):
    librosa = pytest.importorskip("librosa")
    reference, clip = (
        np.maximum(np.abs(librosa.stft(x, n_fft=2048, hop_length=512, pad_mode="reflect")) ** 2, 1e-8)
        for x in (speech, noisy)
    )
    expected = np.sqrt(np.mean((np.log10(reference) - np.log10(clip)) ** 2, axis=0)).mean()
    assert log_spectral_distance(speech, noisy, RATE) == pytest.approx(expected, rel=1e-4)


def test_mel_distance_is_its_formula(speech, noisy):
    librosa = pytest.importorskip("librosa")
    distances = []
    for window, bands in ((256, 20), (512, 40), (1024, 80), (2048, 160)):
        logs = [
            np.log10(
                np.maximum(
                    librosa.feature.melspectrogram(
                        y=x, sr=RATE, n_fft=window, hop_length=window // 4, n_mels=bands, power=1, pad_mode="reflect"
                    ),
                    1e-5,
                )
            )
            for x in (speech, noisy)
        ]
        distances.append(np.abs(logs[0] - logs[1]).mean())
    assert mel_distance(speech, noisy, RATE) == pytest.approx(np.mean(distances), rel=1e-4)
