"""What can be set about the embedding of characters. Imports no torch."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field

from shared.text.characters import LATIN, Vocabulary, extended
from shared.text.config import TextConfig


class CharactersConfig(TextConfig):
    """One learned embedding a character, trained with the generator."""

    kind: Literal["characters"]
    vocabulary: Vocabulary = LATIN
    timed: bool = Field(
        False,
        description="say where each character is heard, by how long characters last in the training split; "
        "text_positions: stretched places them there",
    )

    def knowing(self, texts: Iterable[str]) -> Self:
        """See `TextConfig`."""
        return self.model_copy(update={"vocabulary": extended(self.vocabulary, texts)})
