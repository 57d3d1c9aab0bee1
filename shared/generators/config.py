"""What can be set about a generator and how it is trained on latents. Imports no torch."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.config import Role, Strict
from shared.text.config import TextConfig


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


class F5Config(Strict):
    """Sizes and switches of F5-TTS's transformer, `shared.generators.f5`.

    The defaults are those of F5TTS_v1_Small and larger; F5TTS_Small has `rotary_heads: 1` and
    `text_mask_padding: false`. A small model, or one for latents with fewer frames than a text has characters, needs
    `text_positions: stretched`: learning to align the two by self-attention alone takes more than its budget.
    """

    kind: Literal["f5"]
    width: int = Field(gt=0)
    depth: int = Field(ge=1)
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


class StableAudioDiTConfig(Strict):
    """Sizes and switches of Stable Audio 3's transformer, `shared.generators.stable_audio`.

    Medium is width 1536, depth 24, heads 24; small is 1024, 20, 16 without differential attention. The text's tokens
    get no positions here: where their order matters, it takes a text encoder that knows it (not `characters`).
    """

    kind: Literal["stable_audio"]
    width: int = Field(gt=0)
    depth: int = Field(ge=1)
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


ArchitectureConfig = DiTConfig | F5Config | StableAudioDiTConfig














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

    teacher: Annotated[str, Role.MODEL] = Field(description="hub id or local folder of a transformers speech encoder")
    layer: int = Field(ge=1, description="block whose output is aligned, counted from 1")
    weight: float = Field(gt=0)


class LinearPathConfig(Strict):
    """Flow matching: a straight line from noise to data."""

    kind: Literal["linear"]


class CosinePathConfig(Strict):
    """Diffusion with v-prediction on a cosine schedule."""

    kind: Literal["cosine"]
    log_snr_shift: float = Field(
        0.0, description="added to ln(α² / σ²) at every time; below 0 there is more noise (2 ln s in simple diffusion)"
    )


PathConfig = LinearPathConfig | CosinePathConfig


class GeneratorConfig(Strict):
    """Architecture of a text-to-latent generator, and the path from noise to latents that it models."""

    architecture: ArchitectureConfig = Field(discriminator="kind")
    text: TextConfig = Field(discriminator="kind")
    path: PathConfig = Field(LinearPathConfig(kind="linear"), discriminator="kind")

    @model_validator(mode="after")
    def _text_has_room_for_positions(self):
        if self.architecture.kind == "f5" and self.text.dim % 2:
            raise ValueError("text.dim must be even for kind f5: a text position is a cosine and a sine")
        return self
