"""Convolutions over time, as PyTorch has them, but quicker on a CPU; elsewhere and under autocast they are PyTorch's.

oneDNN is slow where a dilated convolution pads, at the gradient of an input, and at transposed convolutions, above all
with few channels. So what is dilated is padded first, the gradient of an input is a convolution by the mirrored kernel,
that of a weight a product of matrices for each tap, and a transposed convolution one to `stride` outputs a step, put in
a row. `benchmarks/oobleck_step.py` measures the whole.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.nn.grad import conv1d_weight


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None, dilation: int = 1) -> Tensor:
    """`(batch, inputs, time)`, `(outputs, inputs, odd kernel)` -> `(batch, outputs, time)`, zeros around."""
    padding = dilation * (weight.shape[-1] // 2)
    if dilation > 1:
        x, padding = F.pad(x, (padding, padding)), 0
    return F.conv1d(x, weight, bias, padding=padding, dilation=dilation)


def spread(x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    """Transposed convolution by a kernel of two strides, of which `padding` outputs at the start are cut off.

    `(batch, inputs, frames)`, `(inputs, outputs, 2 · stride)` -> `(batch, outputs, frames · stride)`.
    """
    inputs, outputs, stride = weight.shape[0], weight.shape[1], weight.shape[2] // 2
    # A stretch of `stride` outputs is made of the frame before by the kernel's second half, of its own by the first.
    halves = weight.view(inputs, outputs, 2, stride).flip(2).permute(1, 3, 0, 2).reshape(-1, inputs, 2)
    bias = None if bias is None else bias.repeat_interleave(stride)
    stretches = F.conv1d(x, halves, bias, padding=1).unflatten(1, (outputs, stride)).transpose(2, 3)
    y = x.new_empty(len(x), outputs, x.shape[2], stride)
    y[..., : stride - padding] = stretches[:, :, :-1, padding:]
    y[..., stride - padding :] = stretches[:, :, 1:, :padding]
    return y.flatten(2)


class _Same(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor | None, dilation: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.dilation = dilation
        return convolve(x, weight, bias, dilation)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias, _ = ctx.needs_input_grad
        return (
            convolve(gradient, weight.flip(2).transpose(0, 1), None, ctx.dilation) if of_x else None,
            _gradient_of_kernel(x, gradient, weight, ctx.dilation) if of_weight else None,
            gradient.sum((0, 2)) if of_bias else None,
            None,
        )


def _gradient_of_kernel(x: Tensor, gradient: Tensor, weight: Tensor, dilation: int) -> Tensor:
    (outputs, inputs, kernel), time = weight.shape, x.shape[2]
    if dilation == 1 < kernel:
        return conv1d_weight(x, weight.shape, gradient, padding=kernel // 2)
    taps = x.new_zeros(kernel, outputs, inputs)
    for index, tap in enumerate(taps):
        shift = (index - kernel // 2) * dilation  # of what is heard against what is made
        heard = x[..., max(shift, 0) : max(time + shift, 0)]
        made = gradient[..., max(-shift, 0) : max(time - shift, 0)]
        for example, output in zip(heard, made, strict=True):
            tap.addmm_(output, example.T)
    return taps.permute(1, 2, 0)


class _Strided(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.padding = padding
        return F.conv1d(x, weight, bias, weight.shape[2] // 2, padding)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias, _ = ctx.needs_input_grad
        return (
            spread(gradient, weight, None, ctx.padding) if of_x else None,
            _gradient_of_strided(x, gradient, weight, ctx.padding) if of_weight else None,
            gradient.sum((0, 2)) if of_bias else None,
            None,
        )


class _Transposed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.padding = padding
        return spread(x, weight, bias, padding)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias, _ = ctx.needs_input_grad
        return (
            F.conv1d(gradient, weight, None, weight.shape[2] // 2, ctx.padding) if of_x else None,
            _gradient_of_strided(gradient, x, weight, ctx.padding) if of_weight else None,
            gradient.sum((0, 2)) if of_bias else None,
            None,
        )


def _gradient_of_strided(x: Tensor, gradient: Tensor, weight: Tensor, padding: int) -> Tensor:
    return conv1d_weight(x, weight.shape, gradient, weight.shape[2] // 2, padding)


def _by_hand(x: Tensor) -> bool:
    floats = x.dtype in (torch.float32, torch.float64)
    return x.device.type == "cpu" and floats and not torch.is_autocast_enabled("cpu")


class SameConvolution(nn.Conv1d):
    """Convolution that keeps the length; the kernel is odd. Its gradient goes back once."""

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int = 1, bias: bool = True):
        padding = dilation * (kernel // 2)
        super().__init__(inputs, outputs, kernel, padding=padding, dilation=dilation, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, inputs, time)` -> `(batch, outputs, time)`."""
        if not _by_hand(x):
            return super().forward(x)
        return _Same.apply(x, self.weight, self.bias, self.dilation[0])


class StridedConvolution(nn.Conv1d):
    """Convolution by a kernel of two strides, each output amid its stride. Its gradient goes back once."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__(inputs, outputs, 2 * stride, stride, padding=(stride + 1) // 2)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, inputs, time)` -> `(batch, outputs, time // stride)`."""
        if not _by_hand(x) or x.shape[2] % self.stride[0]:
            return super().forward(x)
        return _Strided.apply(x, self.weight, self.bias, self.padding[0])


class TransposedConvolution(nn.ConvTranspose1d):
    """The mirror image of `StridedConvolution`. Its gradient goes back once."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        # An odd stride loses a sample to the rounded-up padding; output_padding gives it back.
        padding, odd = (stride + 1) // 2, stride % 2
        super().__init__(inputs, outputs, 2 * stride, stride, padding=padding, output_padding=odd)

    # PyTorch's `output_size` would follow from the stride.
    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """`(batch, inputs, frames)` -> `(batch, outputs, frames · stride)`."""
        if not _by_hand(x):
            return super().forward(x)
        return _Transposed.apply(x, self.weight, self.bias, self.padding[0])
