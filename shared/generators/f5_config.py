"""What can be set about F5-TTS's transformer. Imports no torch."""

from typing import Literal

from pydantic import Field, model_validator

from shared.generators.config import ArchitectureConfig
from shared.text.config import TextConfig


class F5Config(ArchitectureConfig):
    """Sizes and switches of F5-TTS's transformer, `shared.generators.f5`.

    The defaults are those of F5TTS_v1_Small and larger; F5TTS_Small has `rotary_heads: 1` and
    `text_mask_padding: false`. A small model, or one for latents with fewer frames than a text has characters, needs
    `text_positions: stretched`: learning to align the two by self-attention alone takes more than its budget.
    """

    kind: Literal["f5"]
    heads: int = Field(ge=1)
    head_dim: int = Field(64, gt=0, description="channels of a head")
    feed_forward: int = Field(2, ge=1, description="inner width of the feed-forward layers, in widths")
    text_layers: int = Field(4, ge=1, description="ConvNeXt-V2 blocks over the text")
    rope_base: float = Field(1e4, gt=1)
    rotary_heads: int | None = Field(None, ge=1, description="heads that RoPE rotates; null: all")
    text_mask_padding: bool = Field(
        True, description="the text's features are 0 past its end; false: filler tokens there pass the text's blocks"
    )
    text_positions: Literal["leading", "stretched"] = Field(
        "leading",
        description="a character at each of the first frames, and none past the last frame (F5-TTS); or characters "
        "spread evenly over all frames, after the text's blocks (as in ZipVoice, but interpolated)",
    )
    dropout: float = Field(0.1, ge=0, lt=1, description="of attention's output and within the feed-forward layers")

    @model_validator(mode="after")
    def _parts_fit(self):
        if self.width % 16:
            raise ValueError("width must be a multiple of 16, the groups of the convolutional position embedding")
        if self.head_dim % 2:
            raise ValueError("head_dim must be even (RoPE rotates pairs of channels)")
        if self.rotary_heads and self.rotary_heads > self.heads:
            raise ValueError(f"rotary_heads {self.rotary_heads} is more than the {self.heads} heads there are")
        if self.text_positions == "stretched" and not self.text_mask_padding:
            raise ValueError("text_positions: stretched has no filler tokens; it needs text_mask_padding: true")
        return self

    def check(self, text: TextConfig) -> None:
        """See `ArchitectureConfig`."""
        if text.dim % 2:
            raise ValueError("text.dim must be even for kind f5: a text position is a cosine and a sine")
