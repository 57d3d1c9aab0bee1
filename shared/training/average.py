"""The exponential moving average of a model's weights, which is what generators keep."""

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class WeightAverage:
    """average ← decay · average + (1 − decay) · weights after each update; the first update's weights start it.

    What torch's `AveragedModel` does, for models that can't be copied since they are sharded.

    Attributes:
        weights: by parameter name; empty before the first update.
    """

    def __init__(self, decay: float):
        self.weights: dict[str, Tensor] = {}
        self._average = get_ema_multi_avg_fn(decay)

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take in the weights that an update left."""
        now = {name: parameter.detach() for name, parameter in model.named_parameters()}
        if self.weights:
            self._average(list(self.weights.values()), list(now.values()), None)
        else:
            self.weights = {name: weight.clone() for name, weight in now.items()}
