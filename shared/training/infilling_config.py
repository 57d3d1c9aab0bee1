"""What can be set about training an infilling generator. Imports no torch."""

from typing import Literal

from pydantic import model_validator

from shared.generators.infilling_config import FlowMatchingConfig, InfillingConfig, RepaConfig
from shared.training.recipes import GeneratorRecipe


class InfillingRecipe(GeneratorRecipe, InfillingConfig):
    """An infilling generator and how it is trained."""

    kind: Literal["infilling"] = "infilling"
    flow: FlowMatchingConfig
    repa: RepaConfig | None = None

    @property
    def teacher(self) -> str | None:
        """See `GeneratorRecipe`."""
        return self.repa.teacher if self.repa else None

    @model_validator(mode="after")
    def _repa_layer_exists(self):
        if self.repa and self.repa.layer > self.architecture.depth:
            raise ValueError(f"repa.layer {self.repa.layer} is past the last of {self.architecture.depth} blocks")
        return self
