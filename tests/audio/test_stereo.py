"""Sum and difference of two channels."""

import pytest
import torch

from shared.audio.stereo import sum_difference


def test_sum_and_difference_by_hand():
    audio = torch.tensor([[[1.0, 2.0], [3.0, -1.0]]])
    assert sum_difference(audio).tolist() == [[[4.0, 1.0], [-2.0, 3.0]]]


@pytest.mark.parametrize("shape", [(2, 8), (1, 1, 8), (1, 3, 8)])
def test_anything_but_stereo_is_refused(shape):
    with pytest.raises(ValueError, match="two channels"):
        sum_difference(torch.zeros(shape))
