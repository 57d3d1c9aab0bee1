"""Muon against torch's own, which works in bfloat16."""

import pytest
import torch

from shared.training.muon import Muon, orthogonalise


@pytest.mark.parametrize("shape", [(32, 32), (16, 48), (48, 16)])
def test_all_singular_values_come_near_one(shape):
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalise(torch.randn(shape)))
    assert values.min() > 0.6 and values.max() < 1.3


def test_a_zero_gradient_gives_no_update():
    assert not orthogonalise(torch.zeros(3, 4)).any()


@pytest.mark.parametrize("shape", [(24, 24), (12, 40), (40, 12)])
def test_it_is_torchs_muon_in_float32(shape):
    torch.manual_seed(1)
    start, gradients = torch.randn(shape), [torch.randn(shape) for _ in range(4)]
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    optimizers = (
        Muon([ours], lr=0.02, weight_decay=0.1),
        torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
    )
    for gradient in gradients:
        for parameter, optimizer in zip((ours, theirs), optimizers, strict=True):
            parameter.grad = gradient.clone()
            optimizer.step()
    moved = (theirs - start).norm()
    assert (ours - theirs).norm() < 0.02 * moved


def test_only_matrices_are_taken():
    with pytest.raises(ValueError, match="matrices"):
        Muon([torch.nn.Parameter(torch.zeros(3))], lr=0.1)
