"""What can be set about a generator and how it is trained on latents. Imports no torch."""

from typing import Literal

from pydantic import Field, model_validator

from shared.config import Strict


class DiTConfig(Strict):
    """Sizes and switches of LongCat's transformer, `shared.generators.dit`."""

    kind: Literal["dit"]
    width: int = Field(gt=0)
    depth: int = Field(ge=1)
    heads: int = Field(ge=1)
    feed_forward: int = Field(4, ge=1, description="inner width of the feed-forward layers, in widths")
    text_layers: int = Field(4, ge=0, description="ConvNeXt-V2 blocks over the text")
    rope_base: float = Field(1e5, gt=1)
    text_positions: Literal["index", "stretched"] = Field(
        "index",
        description="RoPE position of a text token: its index (LongCat), or its index stretched to the length of "
        "the audio, which hands a small model a monotonic alignment to start from",
    )

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.width % (2 * self.heads):
            raise ValueError("width must be an even multiple of heads (RoPE rotates pairs of channels)")
        return self


class CharactersConfig(Strict):
    """One learned embedding a character, trained with the generator."""

    kind: Literal["characters"]
    dim: int = Field(gt=0)
    vocabulary: str = Field(
        " 'abcdefghijklmnopqrstuvwxyz", min_length=1, description="what is not in it shares one 'unknown' embedding"
    )


class UMT5Config(Strict):
    """A frozen multilingual T5 encoder from the hub or a local folder."""

    kind: Literal["umt5"]
    model: str = "google/umt5-base"
    dim: int = 768


TextConfig = CharactersConfig | UMT5Config


class FlowMatchingConfig(Strict):
    """How training examples are masked, noised and dropped."""

    mask_ratio: tuple[float, float] = Field((0.7, 1.0), description="share of the frames in the span, uniform")
    time: Literal["uniform", "logit_normal"] = "uniform"
    condition_dropout: float = Field(0.1, ge=0, le=1, description="text and audio context together, per example")
    context_dropout: float = Field(
        0.0, ge=0, le=1, description="audio context alone, per example, whatever the draw of condition_dropout"
    )
    drop_outside_span: bool = Field(
        True,
        description="where the audio context is dropped, drop the part of z_t outside the span too, as LongCat's "
        "unconditional branch does; false: z_t is whole always (F5-TTS)",
    )

    @model_validator(mode="after")
    def _ratios_in_order(self):
        low, high = self.mask_ratio
        if not 0 < low <= high <= 1:
            raise ValueError("mask_ratio needs 0 < low <= high <= 1")
        return self


class RepaConfig(Strict):
    """Which teacher, which block, how strongly."""

    teacher: str = Field(description="hub id or local folder of a transformers speech encoder")
    layer: int = Field(ge=1, description="block whose output is aligned, counted from 1")
    weight: float = Field(gt=0)


class GeneratorConfig(Strict):
    """Architecture of a text-to-latent generator."""

    architecture: DiTConfig
    text: TextConfig = Field(discriminator="kind")
