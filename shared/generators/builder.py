"""From config to generator, and from a saved file back to one."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from shared.config import parse
from shared.files import read_json
from shared.generators.base import Generator
from shared.generators.config import GeneratorConfig


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


def load_generator(weights: Path) -> tuple[Generator, dict]:
    """The generator saved at `weights` (with `model.json` beside it) in eval mode, and that JSON."""
    saved = read_json(Path(weights).with_name("model.json"))
    # Older files of infilling generators don't say so.
    config = parse(GeneratorConfig, {"kind": "infilling"} | saved["config"], str(weights))
    generator = build_generator(config, saved["latent_dim"])
    # A frozen text encoder from the hub is not saved again.
    generator.load_state_dict(load_file(weights), strict=not config.has_frozen_text)
    return generator.eval().requires_grad_(False), saved


def saved_state(weights: dict[str, Tensor], config: GeneratorConfig) -> dict[str, Tensor]:
    """The tensors worth saving: all but those of a frozen text encoder."""
    return {name: value for name, value in weights.items() if not (config.has_frozen_text and name.startswith("text_"))}


def count_parameters(module: nn.Module) -> int:
    """Number of parameters, frozen ones included."""
    return sum(parameter.numel() for parameter in module.parameters())
