"""What an infilling generator is trained to: the velocity, and a speech encoder's features beside it."""

from accelerate import Accelerator
from torch import Tensor, nn

from shared.generators.flow_matching import draw_example, flow_matching_loss
from shared.generators.infilling import InfillingGenerator
from shared.generators.repa import Repa
from shared.text.encoders.characters import CharacterEncoder
from shared.training.infilling_config import InfillingRecipe
from shared.training.latent_examples import Batch, LatentExamples
from shared.training.models import prepare_model


class Infilling:
    """total = flow matching + repa.weight · REPA."""

    def __init__(self, recipe: InfillingRecipe, generator: InfillingGenerator, examples: LatentExamples):
        self.recipe, self.path = recipe, generator.path
        self.helpers = {"repa": Repa(recipe.architecture.width, examples.targets[0].shape[1])} if recipe.repa else {}
        self.align: nn.Module | None = None
        if isinstance(generator.text_encoder, CharacterEncoder):
            frames = examples.latents.offsets.diff().tolist()
            generator.text_encoder.measure([clip.text for clip in examples.clips], frames)

    def prepare(self, accelerator: Accelerator) -> list[nn.Module]:
        """See `Objective`."""
        if self.helpers:
            self.align = prepare_model(self.helpers["repa"], accelerator, self.recipe.training)
        return [self.align] if self.align else []

    def __call__(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """See `Objective`."""
        example = draw_example(batch.latents, batch.frames, self.recipe.flow, self.path)
        repa = self.recipe.repa
        if self.align is None or repa is None:
            flow = flow_matching_loss(model(example, batch.frames, batch.texts), example)
            return flow, {"flow": flow}
        velocity, hidden = model(example, batch.frames, batch.texts, repa.layer)
        parts = {
            "flow": flow_matching_loss(velocity, example),
            "repa": self.align(hidden, batch.targets, example.span),
        }
        return parts["flow"] + repa.weight * parts["repa"], parts


build = Infilling
