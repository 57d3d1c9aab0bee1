"""What a next-token generator is trained to: the next patch, and where speech ends."""

from accelerate import Accelerator
from torch import Tensor, nn

from shared.generators.next_token import NextTokenGenerator
from shared.training.latent_examples import Batch, LatentExamples
from shared.training.next_token_config import NextTokenRecipe


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


build = NextToken
