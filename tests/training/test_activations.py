"""Activation checkpointing changes memory and nothing else."""

from pathlib import Path

import pytest
import torch

from shared.autoencoders.builder import build_autoencoder
from shared.studies.schema import load_sources
from shared.training.activations import recompute_activations
from shared.training.config import AutoencoderRecipe

CONFIG = load_sources(Path(__file__).parents[2] / "replications")["longcat"].resolve("dim64", "smoke").autoencoder
OOBLECK = {"family": "oobleck", "channels": 4, "multipliers": [1, 2], "strides": [4, 8]}


def gradients(recipe: AutoencoderRecipe, recompute: bool) -> dict[str, torch.Tensor]:
    """Gradients by parameter name, and how many saved activations there were."""
    torch.manual_seed(0)
    model = build_autoencoder(recipe)
    if recompute:
        recompute_activations(model)
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: saved.append(tensor.numel()) or tensor, lambda x: x):
        output, _ = model(torch.randn(2, 4096))
    output.square().sum().backward()
    assert model.state_dict().keys() == build_autoencoder(recipe).state_dict().keys()
    return {name: parameter.grad for name, parameter in model.named_parameters()} | {"saved": torch.tensor(sum(saved))}


@pytest.mark.parametrize("family", ["oobleck", "spectral"])
def test_gradients_are_the_same_and_less_is_kept(family):
    changes = {"architecture": OOBLECK, "bottleneck": {"dim": 4}} if family == "oobleck" else {}
    recipe = AutoencoderRecipe.model_validate(CONFIG.model_dump() | changes)
    plain, recomputed = gradients(recipe, False), gradients(recipe, True)
    assert recomputed.pop("saved") < plain.pop("saved")
    assert recomputed.keys() == plain.keys()
    for name, gradient in plain.items():
        torch.testing.assert_close(recomputed[name], gradient, msg=name)
