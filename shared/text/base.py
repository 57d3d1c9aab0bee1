"""What text encoders have in common: what they give."""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Text(NamedTuple):
    """Features `(batch, tokens, text_dim)`, zero past each text's end, and the texts' lengths `(batch,)`."""

    features: Tensor
    lengths: Tensor


def padded(symbols: list[list[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Symbols of each text in one tensor, 0 past their ends, and how many there are."""
    ids = nn.utils.rnn.pad_sequence([torch.tensor(each) for each in symbols], batch_first=True).to(device)
    return ids, torch.tensor([len(each) for each in symbols], device=device)
