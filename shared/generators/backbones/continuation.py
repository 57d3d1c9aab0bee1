"""Reading one position after another: what a decoder of transformers makes of a sequence that grows.

The decoder reads the beginning. After that this module does the same with fewer calls: for one position a call of
transformers' takes twice as long as its arithmetic, and its cache copies all keys and values at each step.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from shared.generators.backbones.base import Backbone


class Continuation:
    """States of sequences that end together, padded in front, and grow by a position at a time.

    Args:
        backbone: its decoder has the layers of a Llama; biases of queries, keys and values and keys shared by several
            heads, as a Qwen2 has them, are fine.
        x: embeddings of the beginning, `(batch, length, width)`.
        positions: for RoPE, `(batch, length)`.
        mask: 0 where the sequence is padding, `(batch, length)`.
        longest: positions that may follow.

    Attributes:
        state: after the last position, `(batch, width)`.
    """

    def __init__(self, backbone: Backbone, x: Tensor, positions: Tensor, mask: Tensor, longest: int):
        from transformers import DynamicCache

        cache = DynamicCache()
        self.state = backbone(x, positions, mask, cache)[:, -1]
        self.decoder, self.length = backbone.decoder, x.shape[1]
        self.layers = [unit.layer for unit in self.decoder.layers]
        room = (0, 0, 0, longest)
        self.keys = [F.pad(interleaved(layer.keys), room) for layer in cache.layers]
        self.values = [F.pad(layer.values, room) for layer in cache.layers]
        # What is added to the scores: −∞ on padding.
        self.bias = F.pad(torch.zeros_like(mask, dtype=x.dtype).masked_fill(mask == 0, -torch.inf), (0, longest))

    def append(self, x: Tensor, positions: Tensor) -> None:
        """Read an embedding of each sequence, `(batch, width)`, at its position `(batch,)`."""
        angles = positions[:, None, None].float() * self.decoder.rotary_emb.inv_freq
        turn = torch.polar(torch.ones_like(angles), angles)
        self.length += 1
        for layer, keys, values in zip(self.layers, self.keys, self.values, strict=True):
            x = x + self._attend(layer.self_attn, normed(layer.input_layernorm, x), turn, keys, values)
            y = normed(layer.post_attention_layernorm, x)
            x = x + layer.mlp.down_proj(F.silu(layer.mlp.gate_proj(y)) * layer.mlp.up_proj(y))
        self.state = normed(self.decoder.norm, x)

    def _attend(self, attention: Any, x: Tensor, turn: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """`(batch, width)` of one position, whose key and value go into the cache `(batch, heads, room, head_dim)`."""
        batch, heads, _, head_dim = keys.shape
        key = attention.k_proj(x).view(batch, heads, head_dim)
        keys[:, :, self.length - 1] = rotated(key, turn)
        values[:, :, self.length - 1] = attention.v_proj(x).view(batch, heads, head_dim)
        # Heads that share a key stand where the positions of a longer query would.
        query = rotated(attention.q_proj(x).view(batch, -1, head_dim), turn).view(batch, heads, -1, head_dim)
        read, bias = slice(self.length), self.bias[:, None, None, : self.length]
        mixed = F.scaled_dot_product_attention(query, keys[:, :, read], values[:, :, read], bias)
        return attention.o_proj(mixed.reshape(batch, -1))


def normed(norm: Any, x: Tensor) -> Tensor:
    """What transformers' RMSNorm makes of `x`."""
    return F.rms_norm(x, x.shape[-1:], norm.weight, norm.variance_epsilon)


def rotated(x: Tensor, turn: Tensor) -> Tensor:
    """RoPE of `(batch, heads, head_dim)`: turns each channel of the first half with its one of the second.

    The two stand beside each other in the result, which queries and keys have in common.
    """
    return torch.view_as_real(torch.complex(*x.chunk(2, dim=-1)) * turn).flatten(-2)


def interleaved(x: Tensor) -> Tensor:
    """Channels of transformers' rotated keys in the order of `rotated`."""
    return torch.stack(x.chunk(2, dim=-1), dim=-1).flatten(-2)
