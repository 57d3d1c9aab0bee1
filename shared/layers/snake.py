"""Snake activation (Ziyin et al. 2020), and SnakeBeta, which parts frequency and magnitude (BigVGAN-v2)."""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class _SnakeFunction(torch.autograd.Function):
    """`y = x + sin(x e^a)^2 / e^b`, each way with one sine and few passes over memory.

    By hand, since autograd would keep four tensors of the input's size; this keeps x and y, which the next
    convolution keeps anyway. With `sin(u)^2' = sin(2u)`:

        dy/dx = 1 + e^(a-b) sin(2 x e^a),  dy/da = x e^(a-b) sin(2 x e^a),  dy/db = -(y - x)
    """

    @staticmethod
    def forward(context, x: Tensor, log_frequency: Tensor, log_magnitude: Tensor) -> Tensor:
        frequency, magnitude = log_frequency.exp().to(x.dtype), log_magnitude.exp().to(x.dtype)
        y = (x * frequency[:, None]).sin_().square_().div_(magnitude[:, None]).add_(x)
        context.save_for_backward(x, y, log_frequency, log_magnitude)
        return y

    @staticmethod
    @once_differentiable
    def backward(context, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, y, log_frequency, log_magnitude = context.saved_tensors
        frequency = log_frequency.exp().to(x.dtype)[:, None]
        ratio = (log_frequency - log_magnitude).exp().to(x.dtype)[:, None]
        slope = (x * (2 * frequency)).sin_().mul_(ratio).mul_(gradient)
        product = slope * x
        frequency_gradient = product.sum((0, 2), dtype=torch.float32)
        magnitude_gradient = torch.sub(x, y, out=product).mul_(gradient).sum((0, 2), dtype=torch.float32)
        return slope.add_(gradient), frequency_gradient, magnitude_gradient


class SnakeBeta(nn.Module):
    """`x + sin(alpha x)^2 / beta` with a trained `alpha = exp(a)` and `beta = exp(b)` for each channel."""

    def __init__(self, channels: int):
        super().__init__()
        self.log_frequency = nn.Parameter(torch.zeros(channels))
        self.log_magnitude = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, time)` -> the same."""
        return _SnakeFunction.apply(x, self.log_frequency, self.log_magnitude)


class Snake(nn.Module):
    """`x + sin(alpha x)^2 / alpha` with a trained `alpha = exp(a)` for each channel.

    DAC trains alpha itself, from 1; its logarithm moves as alpha does near 1 and can't take it to a division by zero.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.log_frequency = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, time)` -> the same."""
        return _SnakeFunction.apply(x, self.log_frequency, self.log_frequency)
