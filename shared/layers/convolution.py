"""Convolutions over time, as PyTorch has them, but quicker on a CPU; elsewhere and under autocast they are PyTorch's.

oneDNN is slow where a dilated convolution pads, at the gradient of an input, and at transposed convolutions, above all
with few channels. So what is dilated is padded first, the gradient of an input is a convolution by the mirrored kernel,
that of a weight a product of matrices for each tap, and a transposed convolution one to `stride` outputs a step, put in
a row. `benchmarks/oobleck_step.py` measures the whole.
"""

from collections.abc import Callable
from typing import NamedTuple

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


def skip(x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    """Convolution by a kernel of two strides: `(batch, inputs, time)` -> `(batch, outputs, time / stride)`."""
    return F.conv1d(x, weight, bias, weight.shape[2] // 2, padding)


def _of_kernel(x: Tensor, gradient: Tensor, weight: Tensor, dilation: int) -> Tensor:
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


def _of_skipping(x: Tensor, gradient: Tensor, weight: Tensor, padding: int) -> Tensor:
    return conv1d_weight(x, weight.shape, gradient, weight.shape[2] // 2, padding)


class _Kind(NamedTuple):
    """How a convolution and its gradients are computed; the last argument of each is a dilation or a padding."""

    output: Callable[[Tensor, Tensor, Tensor | None, int], Tensor]
    of_input: Callable[[Tensor, Tensor, None, int], Tensor]
    of_kernel: Callable[[Tensor, Tensor, Tensor, int], Tensor]


def _by_the_mirrored(gradient: Tensor, weight: Tensor, _: None, dilation: int) -> Tensor:
    return convolve(gradient, weight.flip(2).transpose(0, 1), None, dilation)


_SAME = _Kind(convolve, _by_the_mirrored, _of_kernel)
_STRIDED = _Kind(skip, spread, _of_skipping)
_TRANSPOSED = _Kind(spread, skip, lambda x, gradient, weight, padding: _of_skipping(gradient, x, weight, padding))


class _ByHand(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor | None, kind: _Kind, place: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.kind, ctx.place = kind, place
        return kind.output(x, weight, bias, place)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias, *_ = ctx.needs_input_grad
        return (
            ctx.kind.of_input(gradient, weight, None, ctx.place) if of_x else None,
            ctx.kind.of_kernel(x, gradient, weight, ctx.place) if of_weight else None,
            gradient.sum((0, 2)) if of_bias else None,
            None,
            None,
        )


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
        return _ByHand.apply(x, self.weight, self.bias, _SAME, self.dilation[0])


class StridedConvolution(nn.Conv1d):
    """Convolution by a kernel of two strides, each output amid its stride. Its gradient goes back once."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__(inputs, outputs, 2 * stride, stride, padding=(stride + 1) // 2)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, inputs, time)` -> `(batch, outputs, time // stride)`."""
        if not _by_hand(x) or x.shape[2] % self.stride[0]:
            return super().forward(x)
        return _ByHand.apply(x, self.weight, self.bias, _STRIDED, self.padding[0])


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
        return _ByHand.apply(x, self.weight, self.bias, _TRANSPOSED, self.padding[0])
