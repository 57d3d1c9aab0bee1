"""What can be set about a T5 that is trained here. Imports no torch."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.text.config import TextConfig
from shared.text.words import words_of


class TrainedT5Config(TextConfig):
    """A small T5 encoder over a text's UTF-8 bytes, or over its words, trained with the generator."""

    kind: Literal["trained_t5"]
    depth: int = Field(2, ge=1)
    heads: int = Field(2, ge=1)
    unit: Literal["byte", "word"] = Field(
        "byte",
        description="what a token is. byte: any text can be read, and words are to be learned of their letters. "
        "word: learned in fewer steps, and a text with a word that the corpus lacks is an error",
    )
    vocabulary: tuple[str, ...] = Field(
        (), description="words; those that a corpus' texts have are added when a model is trained"
    )

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not divisible by heads {self.heads}")
        if self.vocabulary and self.unit == "byte":
            raise ValueError("vocabulary: of words, which unit: byte has none of; leave it out, or set unit to word")
        return self

    def knowing(self, texts: Iterable[str]) -> Self:
        """See `TextConfig`."""
        if self.unit == "byte":
            return self
        found = {word for text in texts for word in words_of(text)} - set(self.vocabulary)
        return self.model_copy(update={"vocabulary": (*self.vocabulary, *sorted(found))})
