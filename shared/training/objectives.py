"""What a kind of generator is trained to: the loss of a batch and its terms."""

from typing import Protocol

from accelerate import Accelerator
from torch import Tensor, nn

from shared.generators.builder import Generator
from shared.generators.flow_matching import draw_example, flow_matching_loss
from shared.generators.next_token import NextTokenGenerator
from shared.generators.repa import Repa
from shared.training.latent_examples import Batch, LatentExamples
from shared.training.models import prepare_model
from shared.training.next_token_config import NextTokenRecipe
from shared.training.recipes import GeneratorRecipe


class Objective(Protocol):
    """The loss of a kind of generator.

    Attributes:
        helpers: modules that are trained with the generator and not kept, by name.
    """

    helpers: dict[str, nn.Module]

    def prepare(self, accelerator: Accelerator) -> list[nn.Module]:
        """Make the helpers ready for training; returns them as they are to be called."""

    def __call__(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch, made with the prepared `model`, and its terms."""


class Infilling:
    """total = flow matching + repa.weight · REPA."""

    def __init__(self, recipe: GeneratorRecipe, generator: Generator, examples: LatentExamples):
        self.recipe, self.path = recipe, generator.path
        self.helpers = {"repa": Repa(recipe.architecture.width, examples.targets[0].shape[1])} if recipe.repa else {}
        self.align: nn.Module | None = None

    def prepare(self, accelerator: Accelerator) -> list[nn.Module]:
        """See `Objective`."""
        if self.helpers:
            self.align = prepare_model(self.helpers["repa"], accelerator, self.recipe.training)
        return [self.align] if self.align else []

    def __call__(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """See `Objective`."""
        example = draw_example(batch.latents, batch.frames, self.recipe.flow, self.path)
        if not self.align:
            flow = flow_matching_loss(model(example, batch.frames, batch.texts), example)
            return flow, {"flow": flow}
        velocity, hidden = model(example, batch.frames, batch.texts, self.recipe.repa.layer)
        parts = {
            "flow": flow_matching_loss(velocity, example),
            "repa": self.align(hidden, batch.targets, example.span),
        }
        return parts["flow"] + self.recipe.repa.weight * parts["repa"], parts


class NextToken:
    """total = diffusion + loss.end_weight · end; training starts from the language model's weights if there is one."""

    def __init__(self, recipe: NextTokenRecipe, generator: NextTokenGenerator, examples: LatentExamples):
        self.recipe, self.generator = recipe, generator
        self.helpers: dict[str, nn.Module] = {}
        generator.backbone.load_pretrained()
        if recipe.text_positions != "before":
            frames = examples.latents.offsets.diff().tolist()
            generator.positions.measure([clip.text for clip in examples.clips], frames)

    def prepare(self, accelerator: Accelerator) -> list[nn.Module]:
        """See `Objective`."""
        return []

    def __call__(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """See `Objective`."""
        paces = self.generator.positions.paces(batch.prompts)
        parts = model(batch.latents, batch.frames, batch.texts, self.recipe.loss, paces)
        return parts["diffusion"] + self.recipe.loss.end_weight * parts["end"], parts


OBJECTIVES = {GeneratorRecipe: Infilling, NextTokenRecipe: NextToken}
