"""Multi-resolution log-mel distance between two signals."""

import functools
from typing import TYPE_CHECKING

import numpy as np

from shared.metrics.alignment import trim
from shared.metrics.base import BY_CHANNEL, OfTwoSignals
from shared.metrics.failure import NotMeasured
from shared.metrics.statistic import AT_LEAST_0, Statistic

if TYPE_CHECKING:
    from shared.audio.spectral import MelSpectrogram

# (window, mel bands): long windows see harmonics, short ones transients. Hops are a quarter of the window.
# The bands are as many as a window resolves at 16 kHz and above.
RESOLUTIONS = ((256, 20), (512, 40), (1024, 80), (2048, 160))
FLOOR = 1e-5  # of the mel magnitude, as in the mel losses of DAC and HiFi-GAN


def mel_distance(reference: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
    """Mean over resolutions of `mean |log10 M(ref) - log10 M(clip)|`, M the mel magnitude; 0 is identical.

    A difference in level counts, and as `FLOOR` is absolute, the common level does so a little, too; two silent
    signals are identical.

    Raises:
        NotMeasured: the signals are shorter than half the longest window.
    """
    import torch

    pair = torch.from_numpy(np.stack(trim(reference, clip)).astype(np.float32))
    longest = max(window for window, _ in RESOLUTIONS)
    if pair.shape[1] <= longest // 2:
        raise NotMeasured(f"{pair.shape[1]} samples are too few for a window of {longest}")
    logs = [mel(pair).clamp_min(FLOOR).log10() for mel in _spectrograms(sample_rate)]
    return float(torch.stack([(log[0] - log[1]).abs().mean() for log in logs]).mean())


@functools.cache
def _spectrograms(sample_rate: int) -> "list[MelSpectrogram]":
    from shared.audio.spectral import MelSpectrogram

    return [MelSpectrogram(sample_rate, window, window // 4, bands) for window, bands in RESOLUTIONS]


class MelDistance(OfTwoSignals):
    """Log-mel distance of a clip."""

    name, place = "mel_distance", 70
    statistics = (Statistic("mel_distance", "Mel distance", False, place=120, bounds=AT_LEAST_0, analysed="log"),)
    stereo = BY_CHANNEL
    estimator = "multi-resolution log10-mel L1 distance"
    function = staticmethod(mel_distance)
