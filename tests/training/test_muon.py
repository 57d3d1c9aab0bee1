"""Muon in bfloat16 against torch's own, in float32 against singular values, and both for what they share."""

import numpy as np
import pytest
import torch
from scipy.special import ellipj, ellipkm1

from shared.training import muon
from shared.training.muon import SCALE, TERMS, Muon, orthogonalise, polar_factor

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


def factor(root_of: np.ndarray) -> np.ndarray:
    """What becomes of a singular value, over the root of the Gram matrix's norm."""
    square = root_of**2
    return root_of * SCALE * (1 + sum(weight / (square + shift) for shift, weight in TERMS))


@pytest.mark.parametrize("shape", [(24, 24), (16, 48), (48, 16)])
@pytest.mark.parametrize("loud", [1e-5, 1.0, 1e12])
def test_the_polar_factor_keeps_singular_vectors(shape, loud):
    torch.manual_seed(2)
    left, _, right = torch.linalg.svd(torch.randn(2, *shape), full_matrices=False)
    values = torch.logspace(0, -2.5, min(shape))
    ours = polar_factor(loud * (left * values) @ right)
    expected = torch.from_numpy(factor((values / values.pow(4).sum().pow(0.25)).numpy()))
    torch.testing.assert_close(ours, (left * expected) @ right, atol=2e-3, rtol=0)


def test_its_numbers_are_zolotarevs():
    least = 1e-3
    index = np.arange(1, 2 * len(TERMS) + 1)
    sn, cn, _, _ = ellipj(index * ellipkm1(least**2) / (len(index) + 1), 1 - least**2)
    zeros = least**2 * sn**2 / cn**2
    shifts, others = zeros[::2], zeros[1::2]
    away = shifts[None] - shifts[:, None] + np.eye(len(shifts))
    weights = (others[None] - shifts[:, None]).prod(1) / away.prod(1)
    np.testing.assert_allclose(TERMS, np.stack([shifts, weights], axis=1), rtol=1e-9)
    made = factor(np.geomspace(least, 1, 10_000))
    assert made.max() - 1 == pytest.approx(1 - made.min(), rel=1e-4) and made.max() < 1.21


def test_matrices_of_low_rank_give_finite_updates():
    torch.manual_seed(3)
    low = torch.rand(4, 100, 1) @ torch.rand(4, 1, 300)
    assert torch.linalg.svdvals(orthogonalise(low)).max() < 1.3


def test_it_is_torchs_muon_though_matrices_of_one_shape_go_together(monkeypatch):
    monkeypatch.setattr(muon, "computes_in_bf16", lambda: True)
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
