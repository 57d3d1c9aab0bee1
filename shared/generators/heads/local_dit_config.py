"""What can be set about SemaVoice's head. Imports no torch."""

from typing import Literal

from pydantic import Field, model_validator

from shared.generators.heads.config import HeadConfig


class LocalDiTConfig(HeadConfig):
    """SemaVoice's head, `shared.generators.heads.local_dit`."""

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
