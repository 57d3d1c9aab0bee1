"""Optimisers for small encoders: Muon for the matrices inside, AdamW for the rest."""

from torch import nn

from shared.training.config import TrainingConfig
from shared.training.optimizers import Optimizers, muon_and_adamw


def make_optimizers(model: nn.Module, config: TrainingConfig) -> Optimizers:
    """Muon for every weight matrix of the encoder layers, AdamW for all else.

    On a small conformer trained with CTC, Muon needs about half of AdamW's steps.
    """
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        (matrices if parameter.ndim == 2 and ".layers." in name else rest).append(parameter)
    return muon_and_adamw(matrices, rest, config)
