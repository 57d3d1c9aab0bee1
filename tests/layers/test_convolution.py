"""Convolutions by hand against PyTorch's: outputs, gradients, and where they are not used."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from shared.layers.convolution import SameConvolution, StridedConvolution, TransposedConvolution

# A layer, PyTorch's of the same kind, and the length of an input.
LAYERS = {
    "same": (lambda: SameConvolution(3, 2, 7), nn.Conv1d, 11),
    "pointwise": (lambda: SameConvolution(3, 2, 1), nn.Conv1d, 5),
    "without a bias": (lambda: SameConvolution(3, 2, 3, bias=False), nn.Conv1d, 5),
    "dilated": (lambda: SameConvolution(3, 2, 7, 3), nn.Conv1d, 23),
    "dilated beyond the ends": (lambda: SameConvolution(3, 2, 7, 9), nn.Conv1d, 4),
    "strided": (lambda: StridedConvolution(3, 2, 4), nn.Conv1d, 12),
    "odd stride": (lambda: StridedConvolution(3, 2, 3), nn.Conv1d, 12),
    "a rest of a stride": (lambda: StridedConvolution(3, 2, 4), nn.Conv1d, 15),
    "transposed": (lambda: TransposedConvolution(3, 2, 4), nn.ConvTranspose1d, 3),
    "transposed by an odd stride": (lambda: TransposedConvolution(3, 2, 3), nn.ConvTranspose1d, 3),
    "one frame": (lambda: TransposedConvolution(3, 2, 2), nn.ConvTranspose1d, 1),
}


def build(name):
    """The layer, PyTorch's forward, and an input, in double precision."""
    make, plain, length = LAYERS[name]
    torch.manual_seed(0)
    return make().double(), plain.forward, torch.randn(2, 3, length, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("name", LAYERS)
def test_it_is_pytorchs_convolution(name):
    layer, plain, x = build(name)
    expected = plain(layer, x)
    made = layer(x)
    torch.testing.assert_close(made, expected)
    inputs, weight = (x, *layer.parameters()), torch.randn_like(expected)
    torch.testing.assert_close(torch.autograd.grad(made, inputs, weight), torch.autograd.grad(expected, inputs, weight))


@pytest.mark.parametrize("name", LAYERS)
def test_its_gradient_is_right(name):
    layer, _, x = build(name)
    names, parameters = zip(*layer.named_parameters(), strict=True)

    def call(x, *values):
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), x)

    assert torch.autograd.gradcheck(call, (x, *parameters))


@pytest.mark.parametrize("name", ["dilated", "strided", "transposed"])
def test_what_is_frozen_gets_no_gradient(name):
    layer, _, x = build(name)
    layer.requires_grad_(False)
    layer(x).sum().backward()
    assert x.grad is not None
    layer.requires_grad_(True)
    layer(x.detach()).sum().backward()
    assert all(parameter.grad is not None for parameter in layer.parameters())


@pytest.mark.parametrize("name", ["dilated", "strided", "transposed"])
def test_under_autocast_it_is_pytorchs(name):
    layer, plain, x = build(name)
    layer, x = layer.float(), x.float()
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16
        torch.testing.assert_close(layer(x), plain(layer, x), rtol=0, atol=0)


@pytest.mark.parametrize("name", ["dilated", "strided", "transposed"])
def test_it_can_be_weight_normalised(name):
    layer, plain, x = build(name)
    layer = weight_norm(layer)
    torch.testing.assert_close(layer(x), plain(layer, x))
    layer(x).sum().backward()
    assert all(parameter.grad is not None for parameter in layer.parameters())
