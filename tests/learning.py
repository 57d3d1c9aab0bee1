"""Whether something learns."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def falls(module: nn.Module, loss: Callable[[], Tensor], share: float, of: float | None = None, rate=1e-2) -> bool:
    """Whether a loss falls below a share of a number, or of the first loss, for three steps on end.

    It takes as many steps as that takes, and 60 at most.
    """
    optimizer = torch.optim.Adam(module.parameters(), rate)
    losses: list[float] = []
    while len(losses) < 60:
        value = loss()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
        if len(losses) >= 3 and max(losses[-3:]) < share * (losses[0] if of is None else of):
            return True
    return False
