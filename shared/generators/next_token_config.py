"""What can be set about a next-token diffusion model and how it is trained on latents. Imports no torch."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from shared.config import Role, Strict
from shared.text.characters import LATIN, Vocabulary


class TransformerConfig(Strict):
    """A causal transformer over characters and latents, trained from scratch: RMSNorm, RoPE, SwiGLU, no biases."""

    kind: Literal["transformer"]
    width: int = Field(gt=0)
    depth: int = Field(ge=1)
    heads: int = Field(ge=1)
    feed_forward: int = Field(4, ge=1, description="inner width of the feed-forward layers, in widths")
    rope_base: float = Field(1e4, gt=1)
    vocabulary: Vocabulary = LATIN

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.width % (2 * self.heads):
            raise ValueError("width must be an even multiple of heads (RoPE rotates pairs of channels)")
        return self


class Qwen2Config(Strict):
    """A Qwen2 language model with its tokenizer, from the hub or a local folder, trained on.

    The sizes, those of Qwen2.5-1.5B here, are checked against the model's own: so it is counted without the hub.
    """

    kind: Literal["qwen2"]
    model: Annotated[str, Role.MODEL] = "Qwen/Qwen2.5-1.5B"
    width: int = Field(1536, gt=0)
    depth: int = Field(28, ge=1)
    heads: int = Field(12, ge=1)
    key_value_heads: int = Field(2, ge=1)
    feed_forward: int = Field(8960, ge=1, description="inner width of the feed-forward layers, in channels")
    vocabulary: int = Field(151_936, ge=1, description="rows of the text's embedding")
    rope_base: float = Field(1e6, gt=1)


BackboneConfig = TransformerConfig | Qwen2Config


class MlpHeadConfig(Strict):
    """LatentLM's head, `shared.generators.diffusion_head`, as wide as the backbone."""

    kind: Literal["mlp"]
    depth: int = Field(3, ge=1, description="residual feed-forward layers (LatentLM: 3, VibeVoice: 4)")
    feed_forward: float = Field(3.0, gt=0, description="inner width of the layers, in widths (VibeVoice: 3)")


class LocalDiTConfig(Strict):
    """SemaVoice's head, `shared.generators.local_dit`."""

    kind: Literal["local_dit"]
    width: int = Field(gt=0)
    depth: int = Field(ge=1)
    heads: int = Field(ge=1)
    feed_forward: int = Field(4, ge=1, description="inner width of the feed-forward layers, in widths")
    history: bool = Field(True, description="the head sees the patch before, too")

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.width % (2 * self.heads):
            raise ValueError("width must be an even multiple of heads (RoPE rotates pairs of channels)")
        return self


HeadConfig = MlpHeadConfig | LocalDiTConfig


class NextTokenConfig(Strict):
    """Architecture of a next-token diffusion model."""

    kind: Literal["next_token"]
    backbone: BackboneConfig = Field(discriminator="kind")
    head: HeadConfig = Field(discriminator="kind")
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
        if self.text_positions == "paced" and self.backbone.kind != "transformer":
            raise ValueError(
                "text_positions: paced measures how long each character lasts, and a language model's tokens are too "
                "many for that; set it to beside or before"
            )
        return self


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


def kind_of_generator(value: Any) -> str:
    """The tag of a generator's config or of its solver's: `infilling` where it names no kind."""
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return kind or "infilling"
