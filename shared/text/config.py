"""What can be set about text encoders. Imports no torch."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.config import Role, Strict
from shared.text.characters import LATIN, Vocabulary


class CharactersConfig(Strict):
    """One learned embedding a character, trained with the generator."""

    kind: Literal["characters"]
    dim: int = Field(gt=0)
    vocabulary: Vocabulary = LATIN


class UMT5Config(Strict):
    """A frozen multilingual T5 encoder from the hub or a local folder."""

    kind: Literal["umt5"]
    model: Annotated[str, Role.MODEL] = "google/umt5-base"
    dim: int = 768


class T5Config(Strict):
    """A frozen T5 encoder from the hub or a local folder."""

    kind: Literal["t5"]
    model: Annotated[str, Role.MODEL] = "google/t5-v1_1-xxl"
    dim: int = 4096


class T5GemmaConfig(Strict):
    """A frozen T5Gemma encoder from the hub or a local folder; the defaults are Stable Audio 3's."""

    kind: Literal["t5gemma"]
    model: Annotated[str, Role.MODEL] = "google/t5gemma-b-b-ul2"
    dim: int = 768
    tokens: int = Field(256, gt=0, description="of a text at most; the rest of it is not read")


class TrainedT5Config(Strict):
    """A small T5 encoder over a text's UTF-8 bytes, trained with the generator."""

    kind: Literal["trained_t5"]
    dim: int = Field(gt=0)
    depth: int = Field(2, ge=1)
    heads: int = Field(2, ge=1)

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not divisible by heads {self.heads}")
        return self


TextConfig = CharactersConfig | UMT5Config | T5Config | T5GemmaConfig | TrainedT5Config


FROZEN_TEXT = ("umt5", "t5", "t5gemma")  # kinds that are not trained, and so not saved with a generator
