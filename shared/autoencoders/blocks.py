"""Convolutional blocks that Oobleck and DAC share (Kumar et al. 2023, DAC, and stable-audio, which took them over).

Every convolution is weight-normalised. The two families differ in the activation: DAC's Snake has one parameter a
channel, Oobleck's two (`shared/layers/snake.py`).
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from shared.autoencoders.shortcuts import FoldShortcut, UnfoldShortcut
from shared.layers.convolution import SameConvolution, StridedConvolution, TransposedConvolution
from shared.layers.unit import Unit

DILATIONS = (1, 3, 9)
Activation = Callable[[int], nn.Module]  # from a number of channels to an activation


def convolution(inputs: int, outputs: int, kernel: int, dilation: int = 1, bias: bool = True) -> nn.Module:
    """Weight-normalised convolution that keeps the length."""
    return weight_norm(SameConvolution(inputs, outputs, kernel, dilation, bias))


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
    layers = nn.Sequential(
        *(ResidualUnit(inputs, dilation, activation) for dilation in DILATIONS),
        activation(inputs),
        weight_norm(StridedConvolution(inputs, outputs, stride)),
    )
    return Shortcut(layers, FoldShortcut(inputs, outputs, stride) if shortcut else None)


def up_block(inputs: int, outputs: int, stride: int, activation: Activation, shortcut: bool = False) -> Shortcut:
    """`(batch, inputs, frames)` -> `(batch, outputs, frames * stride)`: the mirror image of `down_block`."""
    layers = nn.Sequential(
        activation(inputs),
        weight_norm(TransposedConvolution(inputs, outputs, stride)),
        *(ResidualUnit(outputs, dilation, activation) for dilation in DILATIONS),
    )
    return Shortcut(layers, UnfoldShortcut(inputs, outputs, stride) if shortcut else None)
