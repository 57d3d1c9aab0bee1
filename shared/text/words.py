"""Texts as words, for small models that are to learn in few steps what each is heard as."""

import re

from shared.text.characters import canonical

WORD = re.compile(r"\w+(?:['\u2019-]\w+)*|[^\w\s]")


def words_of(text: str) -> list[str]:
    """Words and signs of a text in the form in which models read it; none of an empty one."""
    return WORD.findall(canonical(text))
