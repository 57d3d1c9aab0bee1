"""What can be set about the transformer that is trained from scratch. Imports no torch."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.generators.backbones.config import BackboneConfig
from shared.text.characters import LATIN, Vocabulary, extended


class TransformerConfig(BackboneConfig):
    """A causal transformer over characters and latents, trained from scratch: RMSNorm, RoPE, SwiGLU, no biases."""

    kind: Literal["transformer"]
    depth: int = Field(ge=1)
    heads: int = Field(ge=1)
    feed_forward: int = Field(4, ge=1, description="inner width of the feed-forward layers, in widths")
    rope_base: float = Field(1e4, gt=1)
    vocabulary: Vocabulary = LATIN

    @property
    def characters(self) -> Vocabulary | None:
        """See `BackboneConfig`."""
        return self.vocabulary

    def knowing(self, texts: Iterable[str]) -> Self:
        """See `BackboneConfig`."""
        return self.model_copy(update={"vocabulary": extended(self.vocabulary, texts)})

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.width % (2 * self.heads):
            raise ValueError("width must be an even multiple of heads (RoPE rotates pairs of channels)")
        return self
