"""Equal error rate."""

import numpy as np
import pytest

from shared.training.evaluators.verification import equal_error_rate, similarity_pairs


@pytest.mark.parametrize(
    ("same", "different", "expected"),
    [
        ([0.9, 0.8], [0.1, 0.2], 0.0),
        ([0.1, 0.2], [0.8, 0.9], 1.0),
        ([0.9, 0.8, 0.7, 0.3], [0.1, 0.2, 0.4, 0.75], 0.25),
    ],
)
def test_known_values(same, different, expected):
    assert equal_error_rate(np.array(same), np.array(different)) == pytest.approx(expected)


def test_two_gaussians():
    """Two unit Gaussians two apart: the error at the middle is Phi(-1)."""
    generator = np.random.default_rng(0)
    same, different = generator.standard_normal((2, 100_000)) + np.array([[2.0], [0.0]])
    assert equal_error_rate(same, different) == pytest.approx(0.1587, abs=0.003)


def test_needs_both_kinds_of_pairs():
    with pytest.raises(ValueError, match="both kinds"):
        equal_error_rate(np.zeros(0), np.ones(3))


def test_pairs():
    same, different = similarity_pairs(np.array([[1.0, 0], [2, 0], [0, 3]]), ["a", "a", "b"])
    assert same.tolist() == [1.0] and different.tolist() == [0.0, 0.0]
