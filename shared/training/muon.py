"""Muon: momentum whose update is made orthogonal, for weight matrices (Jordan et al. 2024).

`torch.optim.Muon` does the same in bfloat16 whatever the hardware, which is 50 times slower than float32 on a CPU
that has to emulate it.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

# Of the quintic that drives all singular values towards 1 without settling there (Jordan et al. 2024).
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrix: Tensor, iterations: int = 5) -> Tensor:
    """Singular values of a matrix `(rows, columns)` to between about 0.7 and 1.2, by Newton-Schulz iterations."""
    a, b, c = COEFFICIENTS
    x = matrix.mT if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / x.norm().clamp_min(1e-7)
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + torch.addmm(gram, gram, gram, beta=b, alpha=c) @ x
    return x.mT if matrix.shape[0] > matrix.shape[1] else x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, in float32; weight decay is decoupled.

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
        """One update of every matrix that has a gradient; a closure is not used."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                update = orthogonalise(parameter.grad.lerp(state["momentum"], group["momentum"]))
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update, alpha=-group["lr"] * 0.2 * math.sqrt(max(parameter.shape)))
