"""What the tests of released weights share: random weights, and how far two outputs are apart."""

import math
import re

import torch
from torch import Tensor, nn


def randomise(model: nn.Module, std: float = 0.3) -> nn.Module:
    """Every weight drawn anew, so that none hides what it does; lengths of vectors, and norms, stay positive."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            drawn = std * torch.randn(parameter.shape)
            positive = name.endswith(("weight_g", "original0")) or "norm" in name
            parameter.copy_(1 + drawn.abs() if positive else drawn)
    return model.eval()


def difference(ours: Tensor, theirs: Tensor) -> float:
    """Largest difference over the largest value."""
    assert ours.shape == theirs.shape
    return float((ours - theirs).detach().abs().max() / theirs.detach().abs().max())


def by_formula(shapes: dict[str, list[int]]) -> dict[str, Tensor]:
    """Weights in ±0.5 that look random and that any machine makes the same, `shapes` by name."""

    def make(index: int, size: list[int]) -> Tensor:
        number = torch.arange(math.prod(size), dtype=torch.float64)
        return ((1e4 * torch.sin(12.9898 * number + index)).frac() / 2).float().reshape(size)

    return {name: make(index, size) for index, (name, size) in enumerate(sorted(shapes.items()))}


def golden_weights(shapes: dict[str, list[int]]) -> dict[str, Tensor]:
    """`by_formula`, but positive where a weight must be, and larger where RAVE's noise would not be seen."""

    def fit(name: str, value: Tensor) -> Tensor:
        if re.fullmatch(r".*(weight_g|original0|running_var|encoder\..*alpha)", name):
            return 0.5 + value.abs()
        return 8 * value if "branches.2.net" in name else value

    return {name: fit(name, value) for name, value in by_formula(shapes).items()}
