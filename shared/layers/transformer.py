"""A transformer block with what SAME's autoencoder has (arXiv 2605.18613): DyT, differential attention, gated layers.

The same block, with other choices, makes the small models that shape a latent (`shared/losses`), and its parts the
generator of Stable Audio 3 (`shared.generators.stable_audio`).
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.layers.attention import rotate
from shared.layers.unit import Unit
from shared.layers.windows import Everything, Window

NormKind = Literal["dyt", "rms", "layer"]
INITIAL_ALPHA = 4.0  # of DyT, in SAME's released code
ROPE_BASE = 1e4


class DynamicTanh(nn.Module):
    """`γ tanh(α x) + β` in place of a norm, α one number for all channels (Zhu et al. 2025, DyT)."""

    def __init__(self, channels: int):
        super().__init__()
        self.alpha = nn.Parameter(torch.full((1,), INITIAL_ALPHA))
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """`(..., channels)` -> the same."""
        return self.gamma * torch.tanh(self.alpha * x) + self.beta


def make_norm(kind: NormKind | None, channels: int) -> nn.Module:
    """The norm that `kind` names, over the last axis; none: the identity."""
    match kind:
        case "dyt":
            return DynamicTanh(channels)
        case "rms":
            return nn.RMSNorm(channels)
        case "layer":
            return nn.LayerNorm(channels, bias=False)
    return nn.Identity()


class SelfAttention(nn.Module):
    """Multi-head self-attention; differential, it is the difference of two that share their values.

        W (softmax(q k' / √d) v − softmax(p r' / √d) v)

    The released code subtracts without the learned factor λ of Ye et al. (2024). RoPE turns half of a head's channels.
    """

    def __init__(self, width: int, head_dim: int, norm: NormKind | None = "dyt", differential: bool = True):
        super().__init__()
        self.head_dim, self.differential = head_dim, differential
        self.project = nn.Linear(width, (5 if differential else 3) * width, bias=False)
        self.query_norm, self.key_norm = make_norm(norm, head_dim), make_norm(norm, head_dim)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, angles: Tensor, window: Window) -> Tensor:
        """`(batch, tokens, width)` -> the same; `angles` from `rotary_angles` for half of a head's channels."""
        value, *pairs = _split(self.project(x), self.chunks, self.head_dim)
        queries = [_turn(self.query_norm(query), angles) for query in pairs[::2]]
        keys = [_turn(self.key_norm(key), angles) for key in pairs[1::2]]
        return self.out(_mix(queries, keys, value, window))

    @property
    def chunks(self) -> int:
        """How many tensors the input is projected to: values, and queries and keys of each attention."""
        return 5 if self.differential else 3


class CrossAttention(nn.Module):
    """As `SelfAttention`, but to other tokens, which have no positions here."""

    def __init__(self, width: int, head_dim: int, norm: NormKind | None = "dyt", differential: bool = True):
        super().__init__()
        self.head_dim, self.maps = head_dim, 2 if differential else 1
        self.query = nn.Linear(width, self.maps * width, bias=False)
        self.key_value = nn.Linear(width, (self.maps + 1) * width, bias=False)
        self.query_norm, self.key_norm = make_norm(norm, head_dim), make_norm(norm, head_dim)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, read: tuple[list[Tensor], Tensor], window: Window) -> Tensor:
        """`(batch, tokens, width)` attends to what was read."""
        queries = _split(self.query(x), self.maps, self.head_dim)
        # In float32, as after RoPE.
        return self.out(_mix([self.query_norm(query).float() for query in queries], *read, window))

    def read(self, context: Tensor) -> tuple[list[Tensor], Tensor]:
        """Keys of each attention, and values, `(batch, heads, tokens, head_dim)`, of `(batch, tokens, width)`."""
        value, *keys = _split(self.key_value(context), self.maps + 1, self.head_dim)
        return [self.key_norm(key).float() for key in keys], value


def _split(x: Tensor, parts: int, head_dim: int) -> list[Tensor]:
    """`(batch, tokens, parts · width)` cut into parts of `(batch, heads, tokens, head_dim)`."""
    return [part.unflatten(-1, (-1, head_dim)).transpose(1, 2) for part in x.chunk(parts, dim=-1)]


def _mix(queries: list[Tensor], keys: list[Tensor], value: Tensor, window: Window) -> Tensor:
    """What one attention takes from the values, or the first of two less the second: `(batch, tokens, width)`."""
    first, *second = (window(query, key, value) for query, key in zip(queries, keys, strict=True))
    mixed = first - second[0] if second else first
    return mixed.transpose(1, 2).flatten(2)


def _turn(x: Tensor, angles: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    return torch.cat([rotate(x[..., :half], angles), x[..., half:].float()], dim=-1)


class GatedFeedForward(nn.Module):
    """`W (a ⊙ f(b))` with `(a, b) = V x`; f is SiLU, or `sin(π b)`."""

    def __init__(self, width: int, inner: int, sine: bool = False):
        super().__init__()
        self.expand = nn.Linear(width, 2 * inner)
        self.out = nn.Linear(inner, width)
        self.sine = sine

    def forward(self, x: Tensor) -> Tensor:
        """`(..., width)` -> the same."""
        value, gate = self.expand(x).chunk(2, dim=-1)
        return self.out(value * (torch.sin(torch.pi * gate) if self.sine else F.silu(gate)))


class TransformerBlock(Unit):
    """`x + attention(norm x)`, then `x + feed_forward(norm x)`.

    Args:
        width: channels of a token.
        head_dim: channels of a head.
        feed_forward: inner width of the feed-forward layers, in widths.
        norm: before each branch.
        qk_norm: of each head's queries and keys.
        differential: whether attention is.
        sine: whether the feed-forward layers' activation is a sine.
        branch_std: standard deviation at first of each branch's last weights; 0 makes the block the identity.
    """

    def __init__(
        self, width: int, head_dim: int, feed_forward: int, norm: NormKind = "dyt", qk_norm: NormKind | None = "dyt",
        differential: bool = True, sine: bool = False, branch_std: float = 0.0,
    ):
        super().__init__()
        self.attention_norm, self.feed_forward_norm = make_norm(norm, width), make_norm(norm, width)
        self.attention = SelfAttention(width, head_dim, qk_norm, differential)
        self.feed_forward = GatedFeedForward(width, feed_forward * width, sine)
        for last in (self.attention.out, self.feed_forward.out):
            nn.init.normal_(last.weight, std=branch_std)
        nn.init.zeros_(self.feed_forward.out.bias)

    def forward(self, x: Tensor, angles: Tensor, window: Window | None = None) -> Tensor:
        """`(batch, tokens, width)` -> the same; without a window, each token attends to all."""
        x = x + self.attention(self.attention_norm(x), angles, window or Everything())
        return x + self.feed_forward(self.feed_forward_norm(x))
