"""From config to generator, and from a saved file back to one."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from shared.config import parse
from shared.files import read_json
from shared.generators.base import VelocityModel
from shared.generators.config import GeneratorConfig
from shared.generators.dit import DiT
from shared.generators.f5 import F5
from shared.generators.flow_matching import FlowExample
from shared.generators.next_token import NextTokenGenerator
from shared.generators.next_token_config import NextTokenConfig, kind_of_generator
from shared.generators.paths import build_path
from shared.generators.stable_audio import StableAudioDiT
from shared.text.base import Text
from shared.text.config import FROZEN_TEXT
from shared.text.encoders import build_text_encoder, with_characters

AnyGeneratorConfig = GeneratorConfig | NextTokenConfig
ARCHITECTURES = {"dit": DiT, "f5": F5, "stable_audio": StableAudioDiT}
Recipe = TypeVar("Recipe", bound=AnyGeneratorConfig)


def build_model(config: GeneratorConfig, latent_dim: int) -> VelocityModel:
    """The velocity model that `config.architecture.kind` names."""
    return ARCHITECTURES[config.architecture.kind](config.architecture, latent_dim, config.text.dim)


class Generator(nn.Module):
    """Text encoder and transformer: what is trained on one latent space, and the path that it models."""

    def __init__(self, config: GeneratorConfig, latent_dim: int):
        super().__init__()
        self.text_encoder = build_text_encoder(config.text)
        self.transformer = build_model(config, latent_dim)
        self.path = build_path(config.path)

    @property
    def tokenizer(self) -> Any:
        """Of a text encoder from the hub; None where characters or bytes are read."""
        return self.text_encoder.tokenizer

    def forward(self, example: FlowExample, frames: Tensor, texts: list[str], layer: int | None = None):
        """Velocity `(batch, frames, dim)` of a training example (and hidden states after block `layer`)."""
        text = self.encode_text(texts)
        return self.transformer(example.noisy, example.time, example.context, frames, text, example.keep, layer)

    def encode_text(self, texts: list[str]) -> Text:
        """What `velocity` needs of the texts."""
        return self.text_encoder(texts)

    def velocity(self, latents: Tensor, time: float, context: Tensor, frames: Tensor, text: Text) -> Tensor:
        """Velocity `(batch, frames, dim)` at flow time `time`, for all examples the same."""
        now = torch.full((len(latents),), time, device=latents.device)
        return self.transformer(latents, now, context, frames, text, torch.ones_like(now))

    def null_velocity(self, latents: Tensor, time: float, frames: Tensor, text: Text) -> Tensor:
        """The same without text and audio context; of the text only the length is used."""
        now = torch.full((len(latents),), time, device=latents.device)
        return self.transformer(latents, now, torch.zeros_like(latents), frames, text, torch.zeros_like(now))


def build_generator(config: AnyGeneratorConfig, latent_dim: int) -> Generator | NextTokenGenerator:
    """A new generator for latents of `latent_dim` channels."""
    if isinstance(config, GeneratorConfig):
        return Generator(config, latent_dim)
    return NextTokenGenerator(config, latent_dim)


def for_texts(recipe: Recipe, texts: Iterable[str]) -> Recipe:
    """`recipe`, with a vocabulary that has all characters of `texts` if its generator reads characters."""
    reader = "text" if isinstance(recipe, GeneratorConfig) else "backbone"
    return recipe.model_copy(update={reader: with_characters(getattr(recipe, reader), texts)})


def architecture_of(recipe: AnyGeneratorConfig) -> dict[str, Any]:
    """The part of a recipe that `load_generator` needs, as JSON."""
    kept = GeneratorConfig if isinstance(recipe, GeneratorConfig) else NextTokenConfig
    return recipe.model_dump(mode="json", include=set(kept.model_fields))


def load_generator(weights: Path) -> tuple[Generator | NextTokenGenerator, dict]:
    """The generator saved at `weights` (with `model.json` beside it) in eval mode, and that JSON."""
    saved = read_json(Path(weights).with_name("model.json"))
    known = NextTokenConfig if kind_of_generator(saved["config"]) == "next_token" else GeneratorConfig
    config = parse(known, saved["config"], str(weights))
    generator = build_generator(config, saved["latent_dim"])
    # A frozen text encoder from the hub is not saved again.
    generator.load_state_dict(load_file(weights), strict=not has_frozen_text(config))
    return generator.eval().requires_grad_(False), saved


def has_frozen_text(config: AnyGeneratorConfig) -> bool:
    """Whether the text encoder is one from the hub that is not trained."""
    return isinstance(config, GeneratorConfig) and config.text.kind in FROZEN_TEXT


def saved_state(weights: dict[str, Tensor], config: AnyGeneratorConfig) -> dict[str, Tensor]:
    """The tensors worth saving: all but those of a frozen text encoder."""
    frozen = has_frozen_text(config)
    return {name: value for name, value in weights.items() if not (frozen and name.startswith("text_"))}


def count_parameters(module: nn.Module) -> int:
    """Number of parameters, frozen ones included."""
    return sum(parameter.numel() for parameter in module.parameters())


@torch.no_grad()
def meta_generator(config: AnyGeneratorConfig, latent_dim: int) -> VelocityModel | NextTokenGenerator:
    """The generator, without its text encoder, on the meta device: nothing is allocated and no hub is asked."""
    with torch.device("meta"):
        build = build_model if isinstance(config, GeneratorConfig) else build_generator
        return build(config, latent_dim)
