"""Snake and SnakeBeta: the formulas, their hand-written gradients, and precision."""

import pytest
import torch

from shared.layers.snake import Snake, SnakeBeta


@pytest.mark.parametrize("activation", [Snake, SnakeBeta])
def test_it_is_the_formula_and_its_gradient_is_right(activation):
    generator = torch.Generator().manual_seed(0)
    snake = activation(3).double()
    with torch.no_grad():
        for parameter in snake.parameters():
            parameter.copy_(torch.randn(3, generator=generator))
    x = torch.randn(2, 3, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    logarithms = list(snake.parameters())  # of frequency and magnitude, or of the one that is both
    frequency, magnitude = logarithms[0].exp()[:, None], logarithms[-1].exp()[:, None]
    expected = x + (x * frequency).sin() ** 2 / magnitude
    torch.testing.assert_close(snake(x), expected)
    weight = torch.randn(2, 3, 4, generator=generator, dtype=torch.float64)
    inputs = (x, *logarithms)
    ours = torch.autograd.grad((snake(x) * weight).sum(), inputs)
    theirs = torch.autograd.grad((expected * weight).sum(), inputs)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("activation", "parameters"), [(Snake, 2), (SnakeBeta, 4)])
def test_it_keeps_half_precision(activation, parameters):
    x = torch.randn(1, 2, 3, dtype=torch.bfloat16, requires_grad=True)
    snake = activation(2)
    y = snake(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == torch.bfloat16
    assert sum(parameter.numel() for parameter in snake.parameters()) == parameters
