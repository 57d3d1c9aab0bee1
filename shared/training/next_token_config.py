"""What can be set about training a next-token generator. Imports no torch."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from shared.generators.next_token_config import NextTokenConfig, NextTokenLossConfig, kind_of_generator
from shared.training.recipes import GeneratorRecipe, RecipeTraining


class NextTokenRecipe(NextTokenConfig):
    """A next-token generator and how it is trained."""

    loss: NextTokenLossConfig = NextTokenLossConfig()
    latent_scale: float | Literal["std"] = Field(
        "std", description="latents are divided by it: a number, or the latents' own standard deviation"
    )
    utterances: int = Field(1, ge=1, description="utterances of one speaker joined into an example, as prompt + target")
    training: RecipeTraining

    @model_validator(mode="after")
    def _pace_is_of_a_prompt(self):
        if self.text_positions == "paced" and self.utterances == 1:
            raise ValueError(
                "text_positions: paced takes the pace of an example's first utterance to place the next one's; set "
                "utterances to 2 or more, or text_positions to beside"
            )
        return self


AnyGeneratorRecipe = Annotated[
    Annotated[GeneratorRecipe, Tag("infilling")] | Annotated[NextTokenRecipe, Tag("next_token")],
    Discriminator(kind_of_generator),
]
