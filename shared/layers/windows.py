"""Local attention whose cost grows with the length, not with its square: tokens are cut into blocks.

Axes: queries, keys and values `(batch, heads, tokens, head_dim)`, also what comes back.
"""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from shared.layers.attention import attend


class Window(Protocol):
    """Attention of each token to some tokens."""

    def __call__(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """What each token takes from the tokens in its window."""
        ...


class Everything:
    """Each token attends to all that `mask` `(batch, 1, 1, tokens)` allows, or to all."""

    def __init__(self, mask: Tensor | None = None):
        self.mask = mask

    def __call__(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """See `Window`."""
        return attend(query, key, value, self.mask)


class Sliding:
    """Each token attends to those that are at most `reach` tokens away, on both sides."""

    def __init__(self, reach: int):
        self.reach = reach

    def __call__(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """See `Window`. A block is as long as the reach, so that three blocks hold all that one of them needs."""
        return _in_blocks(query, key, value, block=self.reach, reach=self.reach, shift=0)


class Chunked:
    """Each token attends to its own chunk of `length` tokens; the first chunk begins `shift` tokens too early."""

    def __init__(self, length: int, shift: int = 0):
        self.length, self.shift = length, shift

    def __call__(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """See `Window`."""
        return _in_blocks(query, key, value, block=self.length, reach=0, shift=self.shift)


def _in_blocks(query: Tensor, key: Tensor, value: Tensor, block: int, reach: int, shift: int) -> Tensor:
    """Attention of each block to itself and `reach` tokens on both sides; the first begins `shift` tokens too early."""
    batch, tokens = query.shape[0], query.shape[2]
    blocks = -(-(tokens + shift) // block)
    start, total = shift + reach, blocks * block
    after = total - shift - tokens + reach

    def split(x: Tensor, around: int) -> Tensor:
        padded = F.pad(x, (0, 0, shift + around, after - reach + around))
        cut = padded.unfold(2, block + 2 * around, block)  # (batch, heads, blocks, head_dim, length)
        return cut.permute(0, 2, 1, 4, 3).flatten(0, 1)

    of_query = torch.arange(total, device=query.device).view(blocks, block, 1) - shift
    of_key = torch.arange(total + 2 * reach, device=query.device).unfold(0, block + 2 * reach, block).unsqueeze(1)
    of_key = of_key - start
    # Within a block alone, all are nearer than its length.
    allowed = (of_key >= 0) & (of_key < tokens) & ((of_key - of_query).abs() <= (reach or block))
    mask = allowed.unsqueeze(1).repeat(batch, 1, 1, 1)
    attended = attend(split(query, 0), split(key, reach), split(value, reach), mask)
    joined = attended.unflatten(0, (batch, blocks)).transpose(1, 2).flatten(2, 3)
    return joined[:, :, shift : shift + tokens]
