"""Convolutional blocks that Oobleck and DAC share (Kumar et al. 2023, DAC, and stable-audio, which took them over).

Every convolution is weight-normalised. The two families differ in the activation: DAC's Snake has one parameter a
channel, Oobleck's two (`shared/layers/snake.py`).
"""

import math
from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from shared.autoencoders.shortcuts import FoldShortcut, UnfoldShortcut
from shared.layers.unit import Unit

DILATIONS = (1, 3, 9)
Activation = Callable[[int], nn.Module]  # from a number of channels to an activation


def convolution(inputs: int, outputs: int, kernel: int, dilation: int = 1, bias: bool = True) -> nn.Module:
    """Weight-normalised convolution that keeps the length."""
    padding = dilation * (kernel // 2)
    return weight_norm(nn.Conv1d(inputs, outputs, kernel, padding=padding, dilation=dilation, bias=bias))


class ResidualUnit(nn.Module):
    """`x + W_1 snake(W_7 snake(x))`, the inner convolution dilated."""

    def __init__(self, channels: int, dilation: int, activation: Activation):
        super().__init__()
        convolutions = convolution(channels, channels, 7, dilation), convolution(channels, channels, 1)
        self.layers = nn.Sequential(activation(channels), convolutions[0], activation(channels), convolutions[1])

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


def down_block(inputs: int, outputs: int, stride: int, activation: Activation, shortcut: bool = False) -> Shortcut:
    """`(batch, inputs, time)` -> `(batch, outputs, time / stride)`: residual units, Snake, convolution."""
    padding = math.ceil(stride / 2)
    layers = nn.Sequential(
        *(ResidualUnit(inputs, dilation, activation) for dilation in DILATIONS),
        activation(inputs),
        weight_norm(nn.Conv1d(inputs, outputs, 2 * stride, stride, padding)),
    )
    return Shortcut(layers, FoldShortcut(inputs, outputs, stride) if shortcut else None)


def up_block(inputs: int, outputs: int, stride: int, activation: Activation, shortcut: bool = False) -> Shortcut:
    """`(batch, inputs, frames)` -> `(batch, outputs, frames * stride)`: the mirror image of `down_block`."""
    # An odd stride loses a sample to the rounded-up padding; output_padding gives it back.
    padding, odd = math.ceil(stride / 2), stride % 2
    layers = nn.Sequential(
        activation(inputs),
        weight_norm(nn.ConvTranspose1d(inputs, outputs, 2 * stride, stride, padding, output_padding=odd)),
        *(ResidualUnit(outputs, dilation, activation) for dilation in DILATIONS),
    )
    return Shortcut(layers, UnfoldShortcut(inputs, outputs, stride) if shortcut else None)
