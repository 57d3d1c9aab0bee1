"""What can be set about Stable Audio 3's transformer. Imports no torch."""

from typing import Literal

from pydantic import Field, model_validator

from shared.generators.config import ArchitectureConfig


class StableAudioDiTConfig(ArchitectureConfig):
    """Sizes and switches of Stable Audio 3's transformer, `shared.generators.stable_audio`.

    Medium is width 1536, depth 24, heads 24; small is 1024, 20, 16 without differential attention. The text's tokens
    get no positions here: where their order matters, it takes a text encoder that knows it (not `characters`).
    """

    kind: Literal["stable_audio"]
    heads: int = Field(ge=1)
    feed_forward: int = Field(4, ge=1, description="inner width of the feed-forward layers, in widths")
    differential: bool = Field(True, description="differential attention, to the frames and to the text")
    memory_tokens: int = Field(64, ge=0, description="learned tokens before the frames")
    rope_base: float = Field(1e4, gt=1)
    longest: int = Field(
        4134, gt=0, description="frames that durations are measured in; longer ones all count as one (384 s of SAME's)"
    )

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.width % (4 * self.heads):
            raise ValueError("width must be a multiple of 4 · heads (RoPE rotates pairs in half of a head's channels)")
        return self
