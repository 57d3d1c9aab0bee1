"""Optimisers for small encoders: Muon for the matrices inside, AdamW for the rest."""

import torch
from torch import nn

from shared.training.config import TrainingConfig
from shared.training.muon import Muon


def make_optimizers(model: nn.Module, config: TrainingConfig) -> dict[str, torch.optim.Optimizer]:
    """Muon (Jordan et al. 2024) for every weight matrix of the encoder layers, AdamW for all else.

    On a small conformer trained with CTC, Muon needs about half of AdamW's steps. Both follow one learning rate.
    """
    matrices, rest = [], []
    for name, parameter in model.named_parameters():
        (matrices if parameter.ndim == 2 and ".layers." in name else rest).append(parameter)
    peak, decay = config.learning_rate.peak, config.weight_decay
    return {
        "matrices": Muon(matrices, lr=peak, weight_decay=decay),
        "rest": torch.optim.AdamW(rest, lr=peak, betas=config.betas, weight_decay=decay, fused=True),
    }
