"""Bring a clip and its reference to one length."""

import numpy as np

from shared.metrics.failure import NotMeasured


def trim(reference: np.ndarray, clip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut both `(time,)` or `(channels, time)` signals to the shorter one; a codec rounds lengths to whole frames.

    Raises:
        NotMeasured: one of them is empty or holds a value that is not finite.
    """
    length = min(reference.shape[-1], clip.shape[-1])
    if length == 0:
        raise NotMeasured(f"no samples (reference {reference.shape[-1]}, clip {clip.shape[-1]})")
    pair = reference[..., :length], clip[..., :length]
    if not all(np.isfinite(signal).all() for signal in pair):
        raise NotMeasured("samples that are not finite")
    return pair


def check_not_silent(reference: np.ndarray, clip: np.ndarray) -> None:
    """Refuse signals that hold one value throughout, as silence does with an offset or without.

    Raises:
        NotMeasured: the reference or the clip is silent.
    """
    for name, signal in (("reference", reference), ("clip", clip)):
        if signal.size and signal.min() == signal.max():
            raise NotMeasured(f"the {name} is silent")


def mismatch(reference: np.ndarray, clip: np.ndarray, sample_rate: int, tolerance: float) -> str | None:
    """Describe a difference in length of more than `tolerance` seconds, or return None."""
    seconds = (clip.shape[-1] - reference.shape[-1]) / sample_rate
    if abs(seconds) <= tolerance:
        return None
    return f"clip is {abs(seconds):.3f} s {'longer' if seconds > 0 else 'shorter'} than its reference: trimmed"
