"""Infilling: a transformer models the velocity of all latent frames at once, given a text and what is heard."""

from typing import Any, cast

import torch
from torch import Tensor

from shared.generators.base import Generator, VelocityModel
from shared.generators.flow_matching import FlowExample
from shared.generators.infilling_config import InfillingConfig
from shared.generators.paths.base import Path
from shared.text.base import Text


class InfillingGenerator(Generator):
    """Text encoder and transformer: what is trained on one latent space, and the path that it models."""

    patch = 1  # frames that a prompt's length is a multiple of

    def __init__(self, config: InfillingConfig, latent_dim: int):
        super().__init__()
        self.text_encoder = config.text.build()
        self.transformer = build_without_text(config, latent_dim)
        self.path: Path = config.path.build()

    @property
    def tokenizer(self) -> Any:
        """Of a text encoder from the hub; None where characters or bytes are read."""
        return self.text_encoder.tokenizer

    def forward(self, example: FlowExample, frames: Tensor, texts: list[str], layer: int | None = None):
        """Velocity `(batch, frames, dim)` of a training example (and hidden states after block `layer`)."""
        text = self.encode_text(texts)
        return self.transformer(example.noisy, example.time, example.context, frames, text, example.keep, layer)

    def encode_text(self, texts: list[str]) -> Text:
        """What `condition` needs of the texts."""
        return self.text_encoder(texts)

    def condition(self, context: Tensor, frames: Tensor, text: Text) -> Any:
        """What `velocity` needs of text and audio context, for all its calls; see `VelocityModel.forward`."""
        keep = torch.ones(len(frames), device=frames.device)
        return self.transformer.prepare(context, frames, text, keep, blocks=True)

    def null_condition(self, context: Tensor, frames: Tensor, text: Text) -> Any:
        """The same without them; only their lengths are used."""
        keep = torch.zeros(len(frames), device=frames.device)
        return self.transformer.prepare(torch.zeros_like(context), frames, text, keep, blocks=True)

    def velocity(self, latents: Tensor, time: float, condition: Any) -> Tensor:
        """Velocity `(batch, frames, dim)` at flow time `time`, for all examples the same."""
        now = torch.full((len(latents),), time, device=latents.device)
        return cast(Tensor, self.transformer.predict(latents, now, condition))


def build_without_text(config: InfillingConfig, latent_dim: int) -> VelocityModel:
    """The velocity model alone."""
    return config.architecture.build(latent_dim, config.text.dim)


build = InfillingGenerator
