"""Texts as characters: the form in which every model here reads a text, and the vocabulary that it keeps.

A vocabulary begins with what its config names and goes on, sorted, with what else the corpus' texts hold (`extended`).
So no text of the corpus has an unknown character, and a text of another corpus that has one is an error: nothing is
read as a symbol that stands for all that is unknown.
"""

import unicodedata
from collections.abc import Callable, Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.config import ConfigError

LATIN = " 'abcdefghijklmnopqrstuvwxyz"


def canonical(text: str) -> str:
    """A text as models read it, in training as in sampling: lower case, in Unicode's NFC (é is one character)."""
    return unicodedata.normalize("NFC", text.lower())


def extended(vocabulary: str, texts: Iterable[str]) -> str:
    """`vocabulary`, then, sorted, what else `texts` hold; also the space, which joins utterances."""
    found = {" "}.union(*map(canonical, texts))
    return vocabulary + "".join(sorted(found - set(vocabulary)))


def described(character: str) -> str:
    """A character for people to read: as it is, with its number and name."""
    return f"{character!r} (U+{ord(character):04X} {unicodedata.name(character, 'without a name')})"


class Characters:
    """The symbols of a vocabulary's characters, numbered in its order from `first` on."""

    def __init__(self, vocabulary: str, first: int):
        self.symbols = {character: symbol for symbol, character in enumerate(vocabulary, start=first)}

    def __call__(self, text: str) -> list[int]:
        """Symbols of a text's characters; none of a text that is empty.

        Raises:
            ConfigError: the vocabulary lacks one.
        """
        return known(text, canonical(text), self.symbols, described)


def known(text: str, units: Iterable[str], symbols: dict[str, int], described: Callable[[str], str]) -> list[int]:
    """Symbols of the units of a text.

    Raises:
        ConfigError: there is none for one of them; it is named as it is `described`.
    """
    units = list(units)
    if unknown := sorted(set(units) - symbols.keys()):
        raise ConfigError(
            f"text {text!r}: {', '.join(map(described, unknown))} is not in the model's vocabulary; change the text, "
            "or train on a corpus whose texts have it"
        )
    return [symbols[unit] for unit in units]


def _check(vocabulary: str) -> str:
    for place, character in enumerate(vocabulary):
        if character in vocabulary[:place]:
            raise ValueError(f"has {described(character)} twice")
        if canonical(character) != character:
            raise ValueError(f"has {described(character)}, which no text has: all are read in lower case and NFC")
    return vocabulary


Vocabulary = Annotated[
    str, Field(min_length=1, description="characters; what else a corpus' texts have is added when a model is trained"),
    AfterValidator(_check),
]
