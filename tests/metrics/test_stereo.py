"""Stereo correlation against NumPy, its end points, and how well it and the level difference are kept."""

import numpy as np
import pytest

from shared.metrics.failure import NotMeasured
from shared.metrics.level_difference_error import level_difference_error
from shared.metrics.stereo_correlation import correlation_similarity, stereo_correlation, stereo_deviation

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


def test_the_similarity_is_1_where_the_width_is_kept_and_0_where_mono_is_its_opposite():
    wide, mono = panned(0.7), panned(0)
    opposite = mono * np.array([[1], [-1]], dtype=np.float32)
    assert correlation_similarity(wide, wide, RATE) == 1
    assert correlation_similarity(mono, opposite, RATE) == pytest.approx(0, abs=1e-6)
    assert correlation_similarity(mono, wide, RATE) == pytest.approx(1 - stereo_deviation(mono, wide, RATE) / 2)


@pytest.mark.parametrize("gains", [(1.0, 1.0), (1.0, 0.1), (0.5, 1.0)])
def test_the_level_difference_error_is_that_of_the_gains_in_db(gains):
    mono = 0.1 * panned(0)
    clip = mono * np.array(gains, dtype=np.float32)[:, None]
    expected = abs(20 * np.log10(gains[0] / gains[1]))
    assert level_difference_error(mono, clip, RATE) == pytest.approx(expected, abs=1e-3)
    # The common level is no side.
    assert level_difference_error(mono, 0.3 * clip[:, :-50], RATE) == pytest.approx(expected, abs=1e-2)


def test_the_sides_of_two_bands_do_not_make_up_for_each_other():
    time = np.arange(RATE) / RATE
    low, high = (0.1 * np.sin(2 * np.pi * hertz * time) for hertz in (200, 4000))
    apart, swapped = np.stack([low, high]), np.stack([high, low])
    assert level_difference_error(apart, swapped, RATE) > 10 and level_difference_error(apart, apart, RATE) == 0


def test_silence_has_no_side():
    assert level_difference_error(np.zeros((2, RATE)), np.full((2, RATE), 1e-9), RATE) == 0


@pytest.mark.parametrize(
    ("reference", "clip", "message"),
    [
        (np.zeros(4096), np.zeros(4096), "not stereo"),
        (np.zeros((2, 4096)), np.zeros(4096), "not stereo"),
        (np.zeros((2, 1024)), np.zeros((2, 4096)), "too few"),
    ],
)
def test_a_level_difference_that_is_not_there_is_not_measured(reference, clip, message):
    with pytest.raises(NotMeasured, match=message):
        level_difference_error(reference, clip, RATE)
