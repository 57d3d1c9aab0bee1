"""Cosine similarity."""

import numpy as np
import pytest

from shared.metrics.failure import NotMeasured
from shared.metrics.similarity import cosine_similarity


@pytest.mark.parametrize(("angle", "expected"), [(0, 1), (60, 0.5), (90, 0), (180, -1)])
def test_known_angles(angle, expected):
    radians = np.deg2rad(angle)
    second = 3 * np.array([np.cos(radians), np.sin(radians)])
    assert cosine_similarity(np.array([2.0, 0.0]), second) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("bad", [np.zeros(2), np.array([np.nan, 1.0])])
def test_without_direction_there_is_no_similarity(bad):
    with pytest.raises(NotMeasured):
        cosine_similarity(bad, np.ones(2))
