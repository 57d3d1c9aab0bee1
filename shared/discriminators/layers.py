"""What all discriminators are made of."""

from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

Features = list[Tensor]
Size = tuple[int, int]


def convolution(inputs: int, outputs: int, kernel: Size, stride: Size = (1, 1), dilation: int = 1) -> nn.Module:
    """Weight-normalised convolution over two axes, dilated along the first; stride 1 keeps the size."""
    padding = (dilation * (kernel[0] // 2), kernel[1] // 2)
    return weight_norm(nn.Conv2d(inputs, outputs, kernel, stride, padding, (dilation, 1)))


def activations(layers: Iterable[nn.Module], x: Tensor, slope: float) -> Features:
    """What each layer in turn makes of `x`, after a leaky ReLU."""
    features = []
    for layer in layers:
        x = F.leaky_relu(layer(x), slope)
        features.append(x)
    return features
