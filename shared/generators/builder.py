"""From config to generator, and from a saved file back to one."""

from pathlib import Path
from typing import Any

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from shared.config import Strict
from shared.generators.base import Generator
from shared.generators.config import GeneratorConfig
from shared.tensors import load_weights, read_description

TEXT = "text_"  # begins the names of a text encoder's weights


class SavedGenerator(Strict):
    """The `model.json` beside a generator's weights; what it makes are latents divided by `latent_scale`."""

    config: GeneratorConfig
    latent_dim: PositiveInt
    latent_scale: PositiveFloat


def build_generator(config: GeneratorConfig, latent_dim: int) -> Generator:
    """A new generator for latents of `latent_dim` channels."""
    return GeneratorConfig.module_of(config.kind).build(config, latent_dim)


@torch.no_grad()
def meta_generator(config: GeneratorConfig, latent_dim: int) -> Generator:
    """The generator, without its text encoder, on the meta device: nothing is allocated and no hub is asked."""
    with torch.device("meta"):
        return GeneratorConfig.module_of(config.kind).build_without_text(config, latent_dim)


def architecture_of(recipe: GeneratorConfig) -> dict[str, Any]:
    """The part of a recipe that `load_generator` needs, as JSON."""
    architecture = GeneratorConfig.of_kind(recipe.kind)
    assert architecture, "the recipe is of one of the kinds"
    return recipe.model_dump(mode="json", include=set(architecture.model_fields))


def load_generator(weights: Path) -> tuple[Generator, SavedGenerator]:
    """The generator saved at `weights` (with `model.json` beside it) in eval mode, and what that says.

    Raises:
        ConfigError: one of the two is missing or damaged, or they are of different models.
    """
    saved = read_description(weights, SavedGenerator)
    generator = build_generator(saved.config, saved.latent_dim)
    # A frozen text encoder from the hub is not saved again.
    load_weights(weights, generator, apart=TEXT if saved.config.has_frozen_text else None)
    return generator.eval().requires_grad_(False), saved


def saved_state(weights: dict[str, Tensor], config: GeneratorConfig) -> dict[str, Tensor]:
    """The tensors worth saving: all but those of a frozen text encoder."""
    return {name: value for name, value in weights.items() if not (config.has_frozen_text and name.startswith(TEXT))}


def count_parameters(module: nn.Module) -> int:
    """Number of parameters, frozen ones included."""
    return sum(parameter.numel() for parameter in module.parameters())
