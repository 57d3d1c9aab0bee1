"""What can be set about the embedding of characters. Imports no torch."""

from collections.abc import Iterable
from typing import Literal, Self

from shared.text.characters import LATIN, Vocabulary, extended
from shared.text.config import TextConfig


class CharactersConfig(TextConfig):
    """One learned embedding a character, trained with the generator."""

    kind: Literal["characters"]
    vocabulary: Vocabulary = LATIN

    def knowing(self, texts: Iterable[str]) -> Self:
        """See `TextConfig`."""
        return self.model_copy(update={"vocabulary": extended(self.vocabulary, texts)})
