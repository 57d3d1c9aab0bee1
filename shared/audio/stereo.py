"""Two channels as others: their sum and their difference."""

import torch
from torch import Tensor


def sum_difference(audio: Tensor) -> Tensor:
    """`(batch, 2, time)`, left and right -> `(batch, 2, time)`, left + right and left − right.

    Raises:
        ValueError: it is not stereo.
    """
    if audio.ndim != 3 or audio.shape[1] != 2:
        raise ValueError(f"a sum and a difference are of two channels, (batch, 2, time); got {tuple(audio.shape)}")
    left, right = audio.unbind(1)
    return torch.stack([left + right, left - right], dim=1)
