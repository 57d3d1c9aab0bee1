"""Muon against torch's own, which works in bfloat16, in float32 and in bfloat16."""

import pytest
import torch

from shared.training import muon
from shared.training.muon import Muon, orthogonalise

SHAPES = [(24, 24), (12, 40), (24, 24), (40, 12)]


@pytest.fixture(params=[False, True], ids=["float32", "bfloat16"], autouse=True)
def precision(request, monkeypatch):
    monkeypatch.setattr(muon, "computes_in_bf16", lambda: request.param)


@pytest.mark.parametrize("shape", [(24, 32), (16, 48), (48, 16)])
def test_all_singular_values_come_near_one(shape):
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalise(torch.randn(2, *shape)))
    assert values.min() > 0.6 and values.max() < 1.3


def test_a_zero_gradient_gives_no_update():
    assert not orthogonalise(torch.zeros(2, 3, 4)).any()


def test_it_is_torchs_muon_though_matrices_of_one_shape_go_together():
    torch.manual_seed(1)
    start = [torch.randn(shape) for shape in SHAPES]
    ours, theirs = ([torch.nn.Parameter(each.clone()) for each in start] for _ in range(2))
    optimizers = (
        Muon(ours, lr=0.02, weight_decay=0.1),
        torch.optim.Muon(theirs, lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
    )
    for _ in range(4):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn(one.shape)
            other.grad = one.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    for one, other, before in zip(ours, theirs, start, strict=True):
        assert (one - other).norm() < 0.02 * (other - before).norm()


def test_only_matrices_are_taken():
    with pytest.raises(ValueError, match="matrices"):
        Muon([torch.nn.Parameter(torch.zeros(3))], lr=0.1)
