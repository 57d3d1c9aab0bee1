"""What can be set about a Qwen2 language model. Imports no torch."""

from typing import Annotated, Literal

from pydantic import Field

from shared.config import MODEL
from shared.generators.backbones.config import BackboneConfig


class Qwen2Config(BackboneConfig):
    """A Qwen2 language model with its tokenizer, from the hub or a local folder, trained on.

    The sizes, those of Qwen2.5-1.5B here, are checked against the model's own: so it is counted without the hub.
    """

    kind: Literal["qwen2"]
    model: Annotated[str, *MODEL] = "Qwen/Qwen2.5-1.5B"
    width: int = Field(1536, gt=0)
    depth: int = Field(28, ge=1)
    heads: int = Field(12, ge=1)
    key_value_heads: int = Field(2, ge=1)
    feed_forward: int = Field(8960, ge=1, description="inner width of the feed-forward layers, in channels")
    vocabulary: int = Field(151_936, ge=1, description="rows of the text's embedding")
    rope_base: float = Field(1e6, gt=1)
