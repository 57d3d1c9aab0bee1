"""Muon: momentum whose update is made orthogonal, for weight matrices (Jordan et al. 2024).

`torch.optim.Muon` does the same one matrix after another by Newton-Schulz iterations, and in bfloat16 whatever the
hardware, which is 50 times slower than float32 on a CPU that has to emulate it.
"""

import math
from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

from shared.device import computes_in_bf16

# Of the quintic that drives all singular values towards 1 without settling there (Jordan et al. 2024).
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
# Zolotarev's best approximation of 1 / √y for y from 1e-6 to 1: SCALE (1 + Σ weight / (y + shift)), of which
# tests/training/test_muon.py computes the numbers (Nakatsukasa and Freund 2016, section 3).
SCALE = 1.0451074353754903
TERMS = ((6.407731097426811e-06, 5.443446909525346e-03), (5.266378566871024e-03, 1.4553513083076050e-01))


def orthogonalise(matrices: Tensor) -> Tensor:
    """Singular values of matrices `(n, rows, columns)` to between about 0.7 and 1.2; those near zero stay smaller.

    Where the hardware is quicker in bfloat16 nothing beats products of matrices. Elsewhere inverses of the smaller Gram
    matrix take less than half of the time, and the values come nearer to 1 (`benchmarks/RESULTS.md`).
    """
    return newton_schulz(matrices) if computes_in_bf16() else polar_factor(matrices)


def newton_schulz(matrices: Tensor, iterations: int = 5) -> Tensor:
    """By Newton-Schulz iterations in bfloat16 (Jordan et al. 2024)."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = (x / torch.linalg.matrix_norm(x, keepdim=True).clamp_min(1e-7)).bfloat16()
    for _ in range(iterations):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(matrices.dtype)


def polar_factor(matrices: Tensor) -> Tensor:
    """`(X Xᵀ)^(-1/2) X`, or `X (Xᵀ X)^(-1/2)` of tall ones, the root as a sum of shifted inverses.

    Of a Gram matrix of norm 1, eigenvalues are off by some 1e-7; the smallest shift keeps it positive definite.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    gram = matrices.mT @ matrices if tall else matrices @ matrices.mT
    power = gram.diagonal(dim1=1, dim2=2).sum(1)[:, None, None].clamp_min(1e-14)
    gram /= power  # before its norm, of which the squares could overflow
    norm = torch.linalg.matrix_norm(gram, keepdim=True).clamp_min(1e-7)
    gram /= norm
    root, before = torch.zeros_like(gram), 0.0
    for shift, weight in TERMS:
        gram.diagonal(dim1=1, dim2=2).add_(shift - before)
        before = shift
        # LAPACK's matrices lie in memory by columns; transposed, which is the same, they are quick to copy and add.
        root.add_(torch.cholesky_inverse(torch.linalg.cholesky_ex(gram.mT)[0]).mT, alpha=weight)
    root.diagonal(dim1=1, dim2=2).add_(1)
    root *= SCALE * (power * norm).rsqrt()
    return matrices @ root if tall else root @ matrices


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised; weight decay is decoupled.

    An update has the root mean square of a usual AdamW step (Liu et al. 2025, eq. 4), so that one learning rate
    serves both.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        for group in self.param_groups:
            if any(parameter.ndim != 2 for parameter in group["params"]):
                raise ValueError("Muon is for matrices; give other parameters to AdamW")

    @torch.no_grad()
    def step(self, closure=None):
        """One update of every matrix that has a gradient, those of one shape together; a closure is not used."""
        for group in self.param_groups:
            shaped = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shaped[parameter.shape].append(parameter)
            for shape, parameters in shaped.items():
                nesterov = torch.empty(len(parameters), *shape, device=parameters[0].device, dtype=parameters[0].dtype)
                for parameter, out in zip(parameters, nesterov, strict=True):
                    momentum = self._follow(parameter, group["momentum"])
                    torch.lerp(parameter.grad, momentum, group["momentum"], out=out)
                for parameter, update in zip(parameters, orthogonalise(nesterov), strict=True):
                    if group["weight_decay"]:
                        parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(update, alpha=-group["lr"] * 0.2 * math.sqrt(max(shape)))

    def _follow(self, parameter: Tensor, momentum: float) -> Tensor:
        """The running mean of the gradient, with the newest in it."""
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        return state["momentum"].lerp_(parameter.grad, 1 - momentum)
