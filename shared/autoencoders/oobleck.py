"""Oobleck: a fully convolutional waveform autoencoder (stable-audio), with LongCat-AudioDiT's shortcuts.

Encoder: convolution, a `DownBlock` a stride, convolution. Decoder: the mirror image, with `UpBlock`s.
Every convolution is weight-normalised and every activation is a Snake. The arrangement, down to which
convolution has a bias, is that of the released LongCat-AudioDiT, whose parameters a test counts.
"""

import math

from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from shared.autoencoders.config import OobleckConfig
from shared.autoencoders.shortcuts import FoldShortcut, UnfoldShortcut
from shared.autoencoders.snake import Snake
from shared.unit import Unit

DILATIONS = (1, 3, 9)


def _conv(inputs: int, outputs: int, kernel: int, dilation: int = 1, bias: bool = True) -> nn.Module:
    """Weight-normalised convolution that keeps the length."""
    padding = dilation * (kernel // 2)
    return weight_norm(nn.Conv1d(inputs, outputs, kernel, padding=padding, dilation=dilation, bias=bias))


class ResidualUnit(nn.Module):
    """`x + W_1 snake(W_7 snake(x))`, the inner convolution dilated."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        convolutions = _conv(channels, channels, 7, dilation), _conv(channels, channels, 1)
        self.layers = nn.Sequential(Snake(channels), convolutions[0], Snake(channels), convolutions[1])

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, time)` -> the same."""
        return x + self.layers(x)


class Shortcut(Unit):
    """`layers(x) + shortcut(x)`, or `layers(x)` where there is no shortcut."""

    def __init__(self, layers: nn.Module, shortcut: nn.Module | None):
        super().__init__()
        self.layers, self.shortcut = layers, shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Both ways must give the same shape."""
        return self.layers(x) if self.shortcut is None else self.layers(x) + self.shortcut(x)


def down_block(inputs: int, outputs: int, stride: int, shortcut: bool) -> Shortcut:
    """`(batch, inputs, time)` -> `(batch, outputs, time / stride)`: residual units, Snake, convolution."""
    padding = math.ceil(stride / 2)
    layers = nn.Sequential(
        *(ResidualUnit(inputs, dilation) for dilation in DILATIONS),
        Snake(inputs),
        weight_norm(nn.Conv1d(inputs, outputs, 2 * stride, stride, padding)),
    )
    return Shortcut(layers, FoldShortcut(inputs, outputs, stride) if shortcut else None)


def up_block(inputs: int, outputs: int, stride: int, shortcut: bool) -> Shortcut:
    """`(batch, inputs, frames)` -> `(batch, outputs, frames * stride)`: the mirror image of `down_block`."""
    # An odd stride loses a sample to the rounded-up padding; output_padding gives it back.
    padding, odd = math.ceil(stride / 2), stride % 2
    layers = nn.Sequential(
        Snake(inputs),
        weight_norm(nn.ConvTranspose1d(inputs, outputs, 2 * stride, stride, padding, output_padding=odd)),
        *(ResidualUnit(outputs, dilation) for dilation in DILATIONS),
    )
    return Shortcut(layers, UnfoldShortcut(inputs, outputs, stride) if shortcut else None)


class OobleckEncoder(nn.Sequential):
    """`(batch, 1, time)` -> `(batch, out_channels, time / hop)`; time is a multiple of the hop.

    Raises:
        ConfigError: with shortcuts, if `out_channels` does not divide the innermost width.
    """

    def __init__(self, config: OobleckConfig, out_channels: int):
        shortcut = FoldShortcut(config.width, out_channels) if config.shortcuts else None
        stages = zip(config.stages, config.strides, strict=True)
        super().__init__(
            _conv(1, config.channels, 7),
            *(down_block(outer, inner, stride, config.shortcuts) for (outer, inner), stride in stages),
            Shortcut(_conv(config.width, out_channels, 3), shortcut),
        )


class OobleckDecoder(nn.Sequential):
    """`(batch, latent_dim, frames)` -> `(batch, 1, frames * hop)`.

    Raises:
        ConfigError: with shortcuts, if `latent_dim` does not divide the innermost width.
    """

    def __init__(self, config: OobleckConfig, latent_dim: int):
        shortcut = UnfoldShortcut(latent_dim, config.width) if config.shortcuts else None
        stages = zip(reversed(config.stages), reversed(config.strides), strict=True)
        super().__init__(
            Shortcut(_conv(latent_dim, config.width, 7), shortcut),
            *(up_block(inner, outer, stride, config.shortcuts) for (outer, inner), stride in stages),
            Snake(config.channels),
            _conv(config.channels, 1, 7, bias=False),
            nn.Tanh() if config.final_tanh else nn.Identity(),
        )
