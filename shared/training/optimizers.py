"""What updates the weights: AdamW all of them, or Muon the matrices and AdamW the rest."""

from collections.abc import Iterable

import torch
from accelerate import Accelerator
from torch import nn

from shared.training.config import TrainingConfig
from shared.training.muon import Muon
from shared.training.recipes import RecipeTraining

Optimizers = dict[str, torch.optim.Optimizer]  # by what each updates; all follow one learning rate


def make_optimizers(modules: Iterable[nn.Module], config: RecipeTraining) -> Optimizers:
    """The optimisers that `config` asks for, of all weights in `modules` that want a gradient.

    Muon's matrices are the weights of linear layers. Embeddings, whose rows are looked up one by one, are AdamW's, also
    where a linear layer shares theirs, and so are convolutions, gains and biases.
    """
    modules = list(modules)
    parameters = [each for module in modules for each in module.parameters() if each.requires_grad]
    if config.optimizer == "adamw":
        return {"all": _adamw(parameters, config)}
    taken = _weights(modules, nn.Linear) - _weights(modules, nn.Embedding)
    matrices = [each for each in parameters if id(each) in taken]
    return muon_and_adamw(matrices, [each for each in parameters if id(each) not in taken], config)


def muon_and_adamw(matrices: list[nn.Parameter], rest: list[nn.Parameter], config: TrainingConfig) -> Optimizers:
    """Muon (Jordan et al. 2024) for `matrices`, AdamW for `rest`, which may each be none."""
    optimizers: Optimizers = {}
    if matrices:
        optimizers["matrices"] = Muon(matrices, lr=config.learning_rate.peak, weight_decay=config.weight_decay)
    if rest:
        optimizers["rest"] = _adamw(rest, config)
    return optimizers


def update(
    optimizers: Optimizers, parameters: Iterable[nn.Parameter], accelerator: Accelerator, clip: float | None
) -> None:
    """One step of all `optimizers`, with the gradient of `parameters` cut to norm `clip`; then no gradient is left."""
    if clip:
        accelerator.clip_grad_norm_(parameters, clip)
    for optimizer in optimizers.values():
        optimizer.step()
        optimizer.zero_grad()


def _weights(modules: list[nn.Module], kind: type[nn.Module]) -> set[int]:
    layers = (layer for module in modules for layer in module.modules())
    return {id(layer.weight) for layer in layers if isinstance(layer, kind)}


def _adamw(parameters: list[nn.Parameter], config: TrainingConfig) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        parameters, lr=config.learning_rate.peak, betas=config.betas, weight_decay=config.weight_decay, fused=True
    )
