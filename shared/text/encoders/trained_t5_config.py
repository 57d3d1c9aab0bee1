"""What can be set about a T5 that is trained here. Imports no torch."""

from typing import Literal

from pydantic import Field, model_validator

from shared.text.config import TextConfig


class TrainedT5Config(TextConfig):
    """A small T5 encoder over a text's UTF-8 bytes, trained with the generator."""

    kind: Literal["trained_t5"]
    depth: int = Field(2, ge=1)
    heads: int = Field(2, ge=1)

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not divisible by heads {self.heads}")
        return self
