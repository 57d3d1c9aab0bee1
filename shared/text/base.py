"""What a text encoder gives."""

from typing import NamedTuple

from torch import Tensor


class Text(NamedTuple):
    """Features `(batch, tokens, text_dim)`, zero past each text's end, and the texts' lengths `(batch,)`."""

    features: Tensor
    lengths: Tensor
