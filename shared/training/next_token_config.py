"""What can be set about training a next-token generator. Imports no torch."""

from typing import Literal

from pydantic import Field, PositiveFloat, model_validator

from shared.generators.next_token_config import NextTokenConfig, NextTokenLossConfig
from shared.training.recipes import GeneratorRecipe


class NextTokenRecipe(GeneratorRecipe, NextTokenConfig):
    """A next-token generator and how it is trained."""

    kind: Literal["next_token"]
    loss: NextTokenLossConfig = NextTokenLossConfig()
    latent_scale: PositiveFloat | Literal["std"] = Field(
        "std", description="latents are divided by it: a number, or the latents' own standard deviation"
    )

    @model_validator(mode="after")
    def _pace_is_of_a_prompt(self):
        if self.text_positions == "paced" and self.utterances == 1:
            raise ValueError(
                "text_positions: paced takes the pace of an example's first utterance to place the next one's; set "
                "utterances to 2 or more, or text_positions to beside"
            )
        return self
