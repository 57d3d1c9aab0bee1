"""Stereo correlation against NumPy, its end points, and how well it is kept."""

import numpy as np
import pytest

from shared.metrics.failure import NotMeasured
from shared.metrics.stereo import stereo_correlation, stereo_deviation

RATE = 16_000


def panned(width: float) -> np.ndarray:
    """Noise in the middle, and other noise on the sides: more of it is wider."""
    middle, side = np.random.default_rng(0).standard_normal((2, RATE))
    return np.stack([middle + width * side, middle - width * side]).astype(np.float32)


def test_it_agrees_with_numpy():
    audio = panned(0.5) + 3
    assert stereo_correlation(audio) == pytest.approx(np.corrcoef(audio)[0, 1], abs=1e-6)
    assert stereo_correlation(panned(0.5)) == pytest.approx((1 - 0.25) / (1 + 0.25), abs=0.02)


def test_end_points():
    left = panned(0)[0]
    for right, expected in ((left, 1), (0.1 * left, 1), (-left, -1)):
        assert stereo_correlation(np.stack([left, right])) == pytest.approx(expected, abs=1e-6)


def test_the_deviation_is_of_the_two_correlations():
    narrow, wide = panned(0.2), panned(1.0)
    expected = stereo_correlation(narrow) - stereo_correlation(wide)
    assert stereo_deviation(narrow, wide, RATE) == pytest.approx(expected) and expected > 0.5
    assert stereo_deviation(wide, wide[:, :-100], RATE) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("broken", [np.zeros((2, 100)), np.ones((2, 100)), np.zeros(100), np.ones((3, 100))])
def test_what_has_no_width_is_not_measured(broken):
    with pytest.raises(NotMeasured):
        stereo_correlation(broken.astype(np.float32))


def test_samples_that_are_not_finite_are_not_measured():
    with pytest.raises(NotMeasured, match="finite"):
        stereo_deviation(panned(1), np.full((2, RATE), np.nan), RATE)
