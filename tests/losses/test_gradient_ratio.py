"""The weight that follows a ratio of gradients: by hand, and nothing else is touched."""

import pytest
import torch
from torch import nn

from shared.losses.gradient_ratio import gradient_ratio_weight


@pytest.fixture
def shared() -> list[nn.Parameter]:
    torch.manual_seed(0)
    return [nn.Parameter(torch.randn(3)), nn.Parameter(torch.randn(2, 2))]


def test_it_is_the_ratio_of_the_norms_over_all_parameters_together(shared):
    vector, matrix = shared
    # Gradients: (3, 3, 3) and ones, of norm √(27 + 4); 2 at one of the seven numbers.
    reference, loss = 3 * vector.sum() + matrix.sum(), 2 * vector[0]
    weight = gradient_ratio_weight(loss, reference, shared, 0.5)
    assert weight.item() == pytest.approx(0.5 * 31**0.5 / 2)


def test_the_weighted_loss_pulls_the_asked_share_as_hard_and_the_losses_can_still_be_learned_from(shared):
    vector, matrix = shared
    hidden = (matrix @ vector[:2]).tanh()
    reference, loss = hidden.square().sum(), (hidden - 5).abs().sum()
    weight = gradient_ratio_weight(loss, reference, iter(shared), 0.25)
    assert not weight.requires_grad and all(parameter.grad is None for parameter in shared)
    norms = []
    for each in (weight * loss, reference):
        each.backward(retain_graph=True)
        norms.append(torch.cat([parameter.grad.flatten() for parameter in shared]).norm().item())
        for parameter in shared:
            parameter.grad = None
    assert norms[0] / norms[1] == pytest.approx(0.25, abs=1e-6)


def test_a_loss_without_gradient_gets_a_finite_weight(shared):
    weight = gradient_ratio_weight((0 * shared[0]).sum(), shared[0].sum(), shared, 0.5)
    assert torch.isfinite(weight)
