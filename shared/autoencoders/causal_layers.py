"""Layers of the causal family: no output depends on what comes after it.

Every layer takes `past`, what it was given before: None, when all comes at once, or a dict that lasts from one chunk to
the next (`DecoderStream` in `shared.autoencoders.causal`).
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.autoencoders.causal_config import CausalConfig
from shared.layers.unit import Unit

RMS_EPSILON = 1e-5  # VibeVoice
Past = dict[nn.Module, Any]  # tensors, and a waveform's `StreamState`


def after_past(layer: nn.Module, x: Tensor, steps: int, past: Past | None) -> Tensor:
    """`x` behind the last `steps` of what `layer` was given before, zeros at the start; `(batch, channels, time)`."""
    x = torch.cat([past[layer], x], dim=-1) if past and layer in past else F.pad(x, (steps, 0))
    if past is not None:
        past[layer] = x[..., x.shape[-1] - steps :]
    return x


class CausalConvolution(nn.Conv1d):
    """`(batch, inputs, time)` -> `(batch, outputs, time / stride)`; a step sees nothing after its own stride."""

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """`time` is a multiple of the stride."""
        return super().forward(after_past(self, x, self.kernel_size[0] - self.stride[0], past))


class CausalTransposedConvolution(nn.ConvTranspose1d):
    """`(batch, inputs, time)` -> `(batch, outputs, time * stride)`; of a step comes nothing before its own stride."""

    # In place of PyTorch's `output_size`, which here follows from the stride.
    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:  # type: ignore[override]
        """The kernel is two strides long: a stride of output is made of this step and the one before."""
        stride, time = self.stride[0], x.shape[-1]
        return super().forward(after_past(self, x, 1, past))[..., stride : (time + 1) * stride]


class ChannelNorm(nn.RMSNorm):
    """RMSNorm over the channels of `(batch, channels, time)`."""

    def __init__(self, channels: int):
        super().__init__(channels, eps=RMS_EPSILON)

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """Each step by itself, whatever its past."""
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class CausalBlock(Unit):
    """`y = x + a * depthwise(norm(x))`, `y + b * feed_forward(norm(y))`, a and b trained for each channel."""

    def __init__(self, channels: int, config: CausalConfig):
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.depthwise = CausalConvolution(channels, channels, config.kernel, groups=channels)
        self.depthwise_scale = nn.Parameter(torch.full((channels, 1), config.layer_scale))
        hidden = config.expansion * channels
        self.feed_forward = nn.Sequential(
            nn.RMSNorm(channels, eps=RMS_EPSILON), nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels)
        )
        self.feed_forward_scale = nn.Parameter(torch.full((channels, 1), config.layer_scale))

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """`(batch, channels, time)` -> the same."""
        mixed = self.depthwise(self.norm(x), past)
        x = x + self.depthwise_scale * mixed
        return x + self.feed_forward_scale * self.feed_forward(x.transpose(1, 2)).transpose(1, 2)
