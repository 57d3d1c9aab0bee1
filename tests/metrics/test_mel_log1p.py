"""MELlog1p: its formula by librosa, stereo, refusals."""

import librosa
import numpy as np
import pytest

from shared.metrics.base import find_metric
from shared.metrics.failure import NotMeasured
from shared.metrics.mel_log1p import MelLog1p, mel_log1p
from shared.statistics.catalogue import STATISTICS

RATE = 16_000


def test_it_is_its_formula(speech, noisy):
    distances = []
    for window, bands in ((256, 20), (512, 40), (1024, 80), (2048, 160)):
        logs = [
            np.log1p(
                librosa.feature.melspectrogram(
                    y=x, sr=RATE, n_fft=window, hop_length=window // 4, n_mels=bands, power=1, pad_mode="reflect"
                )
            )
            for x in (speech, noisy)
        ]
        distances.append(np.abs(logs[0] - logs[1]).mean())
    assert mel_log1p(speech, noisy, RATE) == pytest.approx(np.mean(distances), rel=1e-4)


def test_stereo_is_the_mean_of_its_channels(speech, noisy):
    reference, clip = np.stack([speech, speech]), np.stack([noisy, speech])
    assert mel_log1p(reference, reference, RATE) == 0
    assert mel_log1p(reference, clip, RATE) == pytest.approx(mel_log1p(speech, noisy, RATE) / 2, rel=1e-5)
    longer = np.concatenate([clip, np.ones((2, 300), dtype=np.float32)], axis=1)
    assert mel_log1p(reference, longer, RATE) == mel_log1p(reference, clip, RATE)


def test_what_can_not_be_compared_is_not_measured(speech):
    for reference, clip in ((speech, np.stack([speech, speech])), (speech[:900], speech[:900]), (speech, speech[:0])):
        with pytest.raises(NotMeasured):
            mel_log1p(reference, clip, RATE)


def test_it_can_be_asked_for():
    assert MelLog1p.needs_reference and find_metric("mel_log1p") is MelLog1p
    assert not STATISTICS["mel_log1p"].higher_is_better
