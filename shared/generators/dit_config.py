"""What can be set about LongCat's transformer. Imports no torch."""

from typing import Literal

from pydantic import Field, model_validator

from shared.generators.config import ArchitectureConfig


class DiTConfig(ArchitectureConfig):
    """Sizes and switches of LongCat's transformer, `shared.generators.dit`."""

    kind: Literal["dit"]
    heads: int = Field(ge=1)
    feed_forward: int = Field(4, ge=1, description="inner width of the feed-forward layers, in widths")
    text_layers: int = Field(4, ge=0, description="ConvNeXt-V2 blocks over the text")
    rope_base: float = Field(1e5, gt=1)
    skip_after: int | None = Field(
        None,
        ge=1,
        description="block, counted from 1, after which the embedded input is added, too: not only at the end, as "
        "LongCat's text has it; its released sampler runs its weights with 8, the block that REPA aligns. null: none",
    )
    text_positions: Literal["index", "stretched"] = Field(
        "index",
        description="RoPE position of a text token: its index (LongCat), or its index stretched to the length of "
        "the audio, which hands a small model a monotonic alignment to start from",
    )

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.width % (2 * self.heads):
            raise ValueError("width must be an even multiple of heads (RoPE rotates pairs of channels)")
        if self.skip_after and self.skip_after > self.depth:
            raise ValueError(f"skip_after {self.skip_after} is past the last of {self.depth} blocks")
        return self
