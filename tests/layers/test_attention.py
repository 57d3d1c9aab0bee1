"""The norm with the rotation as one node of the graph."""

import torch
from torch import nn

from shared.layers.attention import norm_and_rotate, rotary_angles, rotate


def made(dtype: torch.dtype) -> tuple[torch.Tensor, nn.RMSNorm, torch.Tensor]:
    """Input `(2, 5, 12)`, a norm with weights of its own, and angles for 3 heads."""
    torch.manual_seed(0)
    norm = nn.RMSNorm(12, eps=1e-2).to(dtype)
    nn.init.normal_(norm.weight)
    positions = torch.rand(2, 5, dtype=dtype) * 5
    return torch.randn(2, 5, 12, dtype=dtype, requires_grad=True), norm, rotary_angles(positions, 4, 1e2)


def test_its_gradients_are_those_of_its_values():
    x, norm, angles = made(torch.float64)
    torch.autograd.gradcheck(lambda x, _: norm_and_rotate(x, norm, angles, 3), (x, norm.weight))


def test_it_is_the_rotation_of_the_norm():
    x, norm, angles = made(torch.float32)
    ours = norm_and_rotate(x, norm, angles, 3)
    expected = rotate(norm(x).unflatten(-1, (3, -1)).transpose(1, 2), angles)
    torch.testing.assert_close(ours, expected)
    weights = torch.randn_like(ours)
    gradients = (torch.autograd.grad((each * weights).sum(), (x, norm.weight)) for each in (ours, expected))
    for mine, plain in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, plain)
