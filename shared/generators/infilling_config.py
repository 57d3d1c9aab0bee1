"""What can be set about an infilling generator and how it is trained on latents. Imports no torch."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.config import MODEL, Strict
from shared.generators.config import ArchitectureConfig, GeneratorConfig
from shared.generators.paths.config import PathConfig
from shared.generators.paths.linear_config import LinearPathConfig
from shared.text.config import TextConfig


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

    teacher: Annotated[str, *MODEL] = Field(description="hub id or local folder of a transformers speech encoder")
    layer: int = Field(ge=1, description="block whose output is aligned, counted from 1")
    weight: float = Field(gt=0)


class InfillingConfig(GeneratorConfig):
    """A generator that fills in latents all at once: its transformer, and the path from noise that it models."""

    kind: Literal["infilling"] = "infilling"
    architecture: ArchitectureConfig
    text: TextConfig
    path: PathConfig = LinearPathConfig(kind="linear")

    @model_validator(mode="after")
    def _architecture_reads_the_text(self):
        self.architecture.check(self.text)
        return self

    @property
    def has_frozen_text(self) -> bool:
        """See `GeneratorConfig`."""
        return self.text.frozen

    def knowing(self, texts: Iterable[str]) -> Self:
        """See `GeneratorConfig`."""
        return self.model_copy(update={"text": self.text.knowing(texts)})
