"""Lengths of a clip and its reference."""

import numpy as np
import pytest

from shared.metrics.alignment import mismatch, trim


def test_trim_cuts_to_the_shorter():
    reference, clip = trim(np.arange(5.0), np.arange(3.0))
    assert reference.tolist() == clip.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("samples", "expected"), [(1000, None), (1128, None), (1129, "0.129 s longer"), (800, "0.200 s shorter")]
)
def test_mismatch_is_reported_past_the_tolerance(samples, expected):
    message = mismatch(np.zeros(1000), np.zeros(samples), 1000, tolerance=0.128)
    assert message is None if expected is None else expected in message
