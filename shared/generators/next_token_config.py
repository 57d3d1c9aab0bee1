"""What can be set about a next-token diffusion model and how it is trained on latents. Imports no torch."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.config import Strict
from shared.generators.backbones.config import BackboneConfig
from shared.generators.config import GeneratorConfig
from shared.generators.heads.config import HeadConfig


class NextTokenConfig(GeneratorConfig):
    """Architecture of a next-token diffusion model."""

    kind: Literal["next_token"]
    backbone: BackboneConfig
    head: HeadConfig
    patch: int = Field(1, ge=1, description="latent frames that are generated at once (SemaVoice: 2)")
    prediction: Literal["epsilon", "v_prediction"] = Field(
        description="what the head predicts: ε (LatentLM and SemaVoice, in their texts) or v (VibeVoice's code); a "
        "small head needs v, as its ε is too rough where there is next to no signal, and sampling magnifies that"
    )
    text_positions: Literal["before", "beside", "paced"] = Field(
        "before",
        description="RoPE positions. before: one count over text and latents. beside: each counts from 0, the latents "
        "at the mean rate of text tokens a patch in the training split, which hands a small model a monotonic "
        "alignment to start from. paced: the text by how long each character lasts there, the latents by the pace of "
        "the prompt, an example's first utterance; so the text after it starts beside its own first patch",
    )

    @model_validator(mode="after")
    def _paces_are_of_characters(self):
        if self.text_positions == "paced" and self.backbone.characters is None:
            raise ValueError(
                "text_positions: paced measures how long each character lasts, and a language model's tokens are too "
                "many for that; set it to beside or before"
            )
        return self

    def knowing(self, texts: Iterable[str]) -> Self:
        """See `GeneratorConfig`."""
        return self.model_copy(update={"backbone": self.backbone.knowing(texts)})


class NextTokenLossConfig(Strict):
    """How training examples are noised and dropped, and what the loss is made of."""

    timesteps: int = Field(4, ge=1, description="diffusion times of a patch for each pass through the backbone")
    end_weight: float = Field(1.0, ge=0, description="of the end-of-speech decision's cross-entropy")
    condition_dropout: float = Field(0.1, ge=0, le=1, description="of the backbone's state that the head sees, a patch")
    history_noise: float = Field(
        0.0, ge=0,
        description="latents that the model looks back on are noised by up to this share of their standard deviation, "
        "uniform for each example, as its own will not be perfect",
    )
