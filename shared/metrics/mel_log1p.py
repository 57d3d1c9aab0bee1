"""MELlog1p: multi-resolution distance of mel spectrograms on a scale that is logarithmic for what is loud.

SAME (arXiv 2605.18613) compares autoencoders by a metric of this name. We did not find its sizes, its mel filters or
its scale: what is here is a guess, and its values are not those of the paper.
"""

import functools
from typing import TYPE_CHECKING

import numpy as np

from shared.metrics.alignment import trim
from shared.metrics.base import BY_CHANNEL, OfTwoSignals
from shared.metrics.failure import NotMeasured
from shared.metrics.statistic import AT_LEAST_0, Statistic

if TYPE_CHECKING:
    from shared.audio.spectral import MelSpectrogram

# (window, mel bands): hops are a quarter of the window, bands as many as a window resolves at 16 kHz and above.
RESOLUTIONS = ((256, 20), (512, 40), (1024, 80), (2048, 160))


def mel_log1p(reference: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
    """Mean over resolutions and channels of `mean |ln(1 + M(ref)) - ln(1 + M(clip))|`, M the mel magnitude.

    It depends on the level of both: nearly in proportion while M is small beside 1. Two silent signals are identical.

    Args:
        reference: `(time,)` or `(channels, time)`.
        clip: with the same channels.
        sample_rate: in Hz.

    Raises:
        NotMeasured: the signals are shorter than half the longest window, or differ in their channels.
    """
    import torch

    reference, clip = trim(reference, clip)
    if reference.shape != clip.shape:
        raise NotMeasured(f"the reference is {reference.shape}, the clip {clip.shape}: not the same channels")
    pair = torch.from_numpy(np.stack([reference, clip]).astype(np.float32))
    longest = max(window for window, _ in RESOLUTIONS)
    if pair.shape[-1] <= longest // 2:
        raise NotMeasured(f"{pair.shape[-1]} samples are too few for a window of {longest}")
    flat = pair.reshape(-1, pair.shape[-1])  # (2 · channels, time), the reference's first
    distances = []
    for mel in _spectrograms(sample_rate):
        wanted, found = mel(flat).log1p().chunk(2)
        distances.append((wanted - found).abs().mean())
    return float(torch.stack(distances).mean())


@functools.cache
def _spectrograms(sample_rate: int) -> "list[MelSpectrogram]":
    from shared.audio.spectral import MelSpectrogram

    return [MelSpectrogram(sample_rate, window, window // 4, bands) for window, bands in RESOLUTIONS]


class MelLog1p(OfTwoSignals):
    """MELlog1p of a clip."""

    name, place = "mel_log1p", 120
    statistics = (Statistic("mel_log1p", "MELlog1p", False, place=150, bounds=AT_LEAST_0, analysed="log"),)
    stereo = BY_CHANNEL
    estimator = "multi-resolution L1 distance of ln(1 + mel magnitude)"
    function = staticmethod(mel_log1p)
