"""From the width of an encoder to the bottleneck with causal attention (Semantic-VAE, arXiv:2509.22167).

The arrangement, down to which layer has a bias, is that of the released code: file `dac/model/attn_proj.py`, and the
linear layers of mean and log-variance after it.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from shared.layers.unit import Unit


class AveragedAttention(nn.Module):
    """Causal self-attention whose heads are averaged, not joined, and pooled from their width to `dim`.

    The same average has no weights: it is what makes a narrow output of a wide input.
    """

    def __init__(self, width: int, dim: int, heads: int):
        super().__init__()
        self.dim, self.heads = dim, heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)  # softmax cancels a bias of the keys
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, frames, width)` -> `(batch, frames, dim)`."""
        query, key, value = (self._split(layer(x)) for layer in (self.query, self.key, self.value))
        heads = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.out(F.adaptive_avg_pool1d(heads.mean(dim=1), self.dim))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class GatedFeedForward(nn.Module):
    """GEGLU (Shazeer 2020): `W_2 (gelu(W_0 x) * W_1 x)` of the normed input."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.gate = nn.Linear(width, hidden)
        self.expand = nn.Linear(width, hidden)
        self.reduce = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, frames, width)` -> the same."""
        x = self.norm(x)
        return self.reduce(F.gelu(self.gate(x), approximate="tanh") * self.expand(x))


class AttentionProjection(Unit):
    """`y = W norm(x) + attention(norm(x))`, `z = y + feed_forward(norm(y))`, then mean and log-variance of z.

    y and z are as wide as the latent: half of `out_channels`, since a Gaussian bottleneck takes mean and scale.
    """

    def __init__(self, width: int, out_channels: int, heads: int):
        super().__init__()
        dim = out_channels // 2
        self.skip = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, dim))
        self.attention = nn.Sequential(nn.LayerNorm(width), AveragedAttention(width, dim, heads))
        # Two norms in a row, one here and one inside, as in the released code.
        self.feed_forward = nn.Sequential(nn.LayerNorm(dim), GatedFeedForward(dim, 2 * dim))
        self.project = nn.Linear(dim, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, width, frames)` -> `(batch, out_channels, frames)`."""
        x = x.transpose(1, 2)
        x = self.skip(x) + self.attention(x)
        return self.project(x + self.feed_forward(x)).transpose(1, 2)
