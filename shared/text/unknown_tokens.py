"""Texts that a tokenizer from the hub has no tokens for: an English T5 reads any run of Cyrillic as one "unknown"."""

from collections.abc import Iterable
from typing import Any

from shared.config import ConfigError


def unknown_tokens(tokenizer: Any, texts: Iterable[str]) -> str | None:
    """A sentence on the texts of which the tokenizer reads a part as "unknown", if there are any.

    Such a text is read as published as long as it can be told from the others.

    Args:
        tokenizer: of transformers; none: a model that has characters or bytes of its own.
        texts: of the corpus.

    Raises:
        ConfigError: two texts are the same with their unknown parts.
    """
    if tokenizer is None:
        return None
    read: dict[tuple[int, ...], str] = {}
    texts = list(dict.fromkeys(texts))
    for text in texts:
        tokens = tuple(tokenizer(text).input_ids)
        if tokenizer.unk_token_id in tokens and read.setdefault(tokens, text) != text:
            raise ConfigError(
                f"text: {tokenizer.name_or_path} can't tell {read[tokens]!r} from {text!r}, as it has no token for "
                "some of their characters; take a text encoder that has (kind characters or trained_t5)"
            )
    if not read:
        return None
    return (
        f"{tokenizer.name_or_path} has no token for some characters of {len(read)} of {len(texts)} texts, such as "
        f"{next(iter(read.values()))!r}"
    )
