"""Local attention in blocks against one dense masked attention; which tokens see which."""

import pytest
import torch
from torch.nn import functional as F

from shared.layers.windows import Chunked, Everything, Sliding

LENGTHS = [1, 3, 17, 34, 51, 40]


def make(tokens: int, batch: int = 2) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(batch, 3, tokens, 4, generator=generator) for _ in range(3)]


def dense(allowed: torch.Tensor, query, key, value) -> torch.Tensor:
    """Softmax written out, over all pairs of tokens."""
    scores = (query @ key.transpose(2, 3) / 2).masked_fill(~allowed, -torch.inf)
    return scores.softmax(dim=-1) @ value


@pytest.mark.parametrize("tokens", LENGTHS)
@pytest.mark.parametrize("reach", [1, 5, 17, 100])
def test_sliding_is_dense_attention_with_a_band(reach, tokens):
    place = torch.arange(tokens)
    band = (place[:, None] - place).abs() <= reach
    torch.testing.assert_close(Sliding(reach)(*make(tokens)), dense(band, *make(tokens)))


@pytest.mark.parametrize("tokens", LENGTHS)
@pytest.mark.parametrize(("length", "shift"), [(34, 0), (34, 17), (6, 0), (6, 3), (2, 1)])
def test_chunks_are_dense_attention_with_blocks(length, shift, tokens):
    chunk = (torch.arange(tokens) + shift) // length
    same = chunk[:, None] == chunk
    torch.testing.assert_close(Chunked(length, shift)(*make(tokens)), dense(same, *make(tokens)))


def test_everything_is_dense_attention_with_a_mask():
    valid = torch.arange(9) < torch.tensor([[9], [4]])
    mask = valid[:, None, None, :]
    torch.testing.assert_close(Everything(mask)(*make(9)), dense(mask, *make(9)))
    torch.testing.assert_close(Everything()(*make(9)), F.scaled_dot_product_attention(*make(9)))


def test_gradients_agree_with_dense_attention():
    place = torch.arange(20)
    parts = [each.requires_grad_() for each in make(20)]
    weight = torch.randn(2, 3, 20, 4, generator=torch.Generator().manual_seed(1))
    found = torch.autograd.grad((Sliding(6)(*parts) * weight).sum(), parts)
    expected = torch.autograd.grad((dense((place[:, None] - place).abs() <= 6, *parts) * weight).sum(), parts)
    torch.testing.assert_close(found, expected)
