"""Layers that the generators' transformers have in common."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from shared.layers.unit import Unit

TIME_FEATURES = 256  # sinusoidal features of the flow time, as LongCat and F5-TTS have it
TEXT_KERNEL = 7


class Embedder(nn.Sequential):
    """Two linear layers with SiLU between."""

    def __init__(self, inputs: int, width: int, outputs: int | None = None, bias: bool = True):
        super().__init__(nn.Linear(inputs, width, bias), nn.SiLU(), nn.Linear(width, outputs or width, bias))


def time_features(time: Tensor, features: int = TIME_FEATURES, inclusive: bool = True) -> Tensor:
    """Sinusoidal features of the flow time in [0, 1]: `(batch,)` → `(batch, features)`.

    Their frequencies are a geometric series from 1 to 1e-4, which the last one reaches (LongCat, F5-TTS), or would
    reach next if not `inclusive` (VibeVoice).
    """
    half = features // 2
    steps = half - 1 if inclusive else half
    frequencies = torch.exp(torch.arange(half, device=time.device) * (-torch.log(torch.tensor(1e4)) / steps))
    angles = 1000.0 * time[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def rotary_angles(positions: Tensor, head_dim: int, base: float) -> Tensor:
    """RoPE angles as unit complex numbers: `(batch, length)` positions → `(batch, 1, length, head_dim / 2)`."""
    exponent = torch.arange(0, head_dim, 2, device=positions.device) / head_dim
    angles = positions[:, None, :, None] * base**-exponent
    return torch.polar(torch.ones_like(angles), angles)


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Rotate neighbouring pairs of channels of `(batch, heads, length, head_dim)` by `angles`, in float32."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * angles).flatten(-2)


class _NormedRotation(torch.autograd.Function):
    """`rotate(RMSNorm(x))` of `(batch, length, width)`, heads apart, which keeps the input and a number a position.

    With r = (mean x² + ε)^(−1/2), g the gradient turned back, a product by the conjugate angles, and g' = g ⊙ weight:

        dx = r g' − r³ mean(g' x) x,  dweight = Σ g ⊙ r x
    """

    @staticmethod
    def forward(context, x: Tensor, weight: Tensor, angles: Tensor, heads: int, eps: float) -> Tensor:
        x = x.to(weight.dtype)
        ratio = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        pairs = torch.view_as_complex((x * ratio).mul_(weight).unflatten(-1, (heads, -1, 2)))
        context.save_for_backward(x, weight, ratio, angles)
        return torch.view_as_real(pairs.transpose(1, 2) * angles).flatten(-2)

    @staticmethod
    @once_differentiable
    def backward(context, gradient: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        x, weight, ratio, angles = context.saved_tensors
        pairs = torch.view_as_complex(gradient.contiguous().unflatten(-1, (-1, 2))) * angles.conj()
        turned = torch.view_as_real(pairs.transpose(1, 2).contiguous()).flatten(2)
        product = (turned * x).mul_(ratio)
        of_weight = product.sum((0, 1))
        along = product.mul_(weight).sum(-1, keepdim=True).mul_(ratio.square()).div_(-x.shape[-1])
        return torch.addcmul(turned.mul_(weight).mul_(ratio), x, along), of_weight, None, None, None


def norm_and_rotate(x: Tensor, norm: nn.RMSNorm, angles: Tensor, heads: int) -> Tensor:
    """Queries or keys `(batch, length, width)` normed over the width, parted into heads and turned by `angles`.

    `(batch, heads, length, head_dim)` in float32: `rotate` of the norm's, but as one node of the graph.
    """
    return _NormedRotation.apply(x, norm.weight, angles, heads, norm.eps)


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Scaled dot-product attention; queries and keys come in float32 from RoPE, values in the working precision."""
    if value.is_cuda:
        return F.scaled_dot_product_attention(query.to(value.dtype), key.to(value.dtype), value, mask)
    # A CPU's bf16 kernel is ten times slower backwards than its float32 one.
    with torch.autocast("cpu", enabled=False):
        return F.scaled_dot_product_attention(query, key, value.float(), mask)


class TextBlock(Unit):
    """ConvNeXt-V2 block with global response normalisation (Woo et al. 2023), `(batch, length, width)`."""

    def __init__(self, width: int, activation: Callable[[Tensor], Tensor] = F.silu):
        super().__init__()
        self.activation = activation
        self.depthwise = nn.Conv1d(width, width, TEXT_KERNEL, padding=TEXT_KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.expand = nn.Linear(width, 2 * width)
        self.gamma = nn.Parameter(torch.zeros(2 * width))
        self.beta = nn.Parameter(torch.zeros(2 * width))
        self.reduce = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, mask: Tensor, counted: Tensor | None = None) -> Tensor:
        """`(batch, length, width)` -> the same.

        Args:
            x: tokens.
            mask: 1 on those that neighbours see, `(batch, length, 1)`.
            counted: 1 on those that the response's norm is over; by default it is `mask`, so that padding isn't in it.
        """
        y = self.depthwise((x * mask).transpose(1, 2)).transpose(1, 2)
        y = self.activation(self.expand(self.norm(y)))
        response = (y * (mask if counted is None else counted)).square().sum(dim=1, keepdim=True).add(1e-12).sqrt()
        y = self.gamma * (y * response / (response.mean(dim=-1, keepdim=True) + 1e-6)) + self.beta + y
        return x + self.reduce(y)


def modulate(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Affine-free LayerNorm, then scale and shift `(batch, 1, width)`."""
    return torch.addcmul(shift, F.layer_norm(x, x.shape[-1:], eps=1e-6), 1 + scale)


def length_mask(lengths: Tensor, longest: int) -> Tensor:
    """True on the first `lengths` positions; an example of length 0 keeps one, or its softmax would be NaN."""
    return torch.arange(longest, device=lengths.device) < lengths.clamp_min(1).unsqueeze(1)
