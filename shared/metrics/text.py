"""Text as word and character error rates compare it."""

import functools
import re
import unicodedata
from typing import Literal

Normaliser = Literal["basic", "english"]

_NOT_WORD = re.compile(r"[^\w' ]+|_")


def normalise(text: str, normaliser: Normaliser = "basic") -> str:
    """Normalise one text; both the reference and the hypothesis go through here.

    `basic`: lower case, punctuation except apostrophes removed (a hyphen or dash parts words), white space
    collapsed: the convention of seed-tts-eval, which LongCat's benchmark uses.
    `english`: Whisper's normaliser for English, which also writes numbers as digits and expands contractions.
    Use it where the recogniser does not spell words as the transcripts do.
    """
    if normaliser == "english":
        return _english()(text)
    text = unicodedata.normalize("NFKC", text).lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return " ".join(_NOT_WORD.sub(" ", text).split())


@functools.cache
def _english():
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    return EnglishTextNormalizer({})
