"""Muon: momentum whose update is made orthogonal, for weight matrices (Jordan et al. 2024).

`torch.optim.Muon` does the same one matrix after another, and in bfloat16 whatever the hardware, which is 50 times
slower than float32 on a CPU that has to emulate it.
"""

import math
from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

from shared.device import computes_in_bf16

# Of the quintic that drives all singular values towards 1 without settling there (Jordan et al. 2024).
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrices: Tensor, iterations: int = 5) -> Tensor:
    """Singular values of matrices `(n, rows, columns)` to between about 0.7 and 1.2, by Newton-Schulz iterations.

    The products are in bfloat16 where the hardware is quicker in it.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / torch.linalg.matrix_norm(x, keepdim=True).clamp_min(1e-7)
    x = x.bfloat16() if computes_in_bf16() else x
    for _ in range(iterations):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(matrices.dtype)


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
                momenta = [self._momentum(each, each.grad, group["momentum"]) for each in parameters]
                updates = orthogonalise(torch.stack(momenta))
                for parameter, update in zip(parameters, updates, strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(update, alpha=-group["lr"] * 0.2 * math.sqrt(max(shape)))

    def _momentum(self, parameter: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(state["momentum"], momentum)
