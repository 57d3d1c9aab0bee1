"""Text as word and character error rates compare it."""

import functools
import unicodedata
from typing import Literal

import regex

Normaliser = Literal["basic", "english"]

# Typed for an apostrophe, and for quotation marks where no letter stands on either side. NFKC would make a space and a
# combining accent of some of them. Left, right and reversed quotation mark, prime, grave, acute, the Armenian one, the
# Hebrew geresh, and Greek koronis, psili, varia, oxia.
_APOSTROPHES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201b\u2032\u0060\u00b4\u055a\u05f3\u1fbd\u1fbf\u1fef\u1ffd", "'")
)
# A letter of its own in some scripts (category Lm), which an apostrophe within a word stands for.
_MODIFIER_APOSTROPHE = regex.compile(r"(?<=[\p{L}\p{N}\p{M}])\u02bc(?=[\p{L}\p{N}])")
# Soft hyphens, marks of direction and the like, but not joiners, which tell words apart, nor the zero-width space,
# which parts them.
_INVISIBLE = regex.compile(r"(?![\u200b-\u200d])\p{Cf}")
# From a letter or digit on: letters, digits, their marks, and what joins two of them.
_WORD = regex.compile(r"[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}]|'(?=[\p{L}\p{N}])|[\u200c\u200d]+(?=[\p{L}\p{N}\p{M}]))*")


def normalise(text: str, normaliser: Normaliser = "basic") -> str:
    """Normalise one text; both the reference and the hypothesis go through here.

    `basic`: lower case, punctuation removed (a hyphen or dash parts words), white space collapsed: the convention of
    seed-tts-eval, which LongCat's benchmark uses. A word keeps its vowel signs and other marks, joiners between its
    letters, and apostrophes within it, however they are typed; around it they are quotation marks, which go. Letters
    such as the Hawaiian okina (U+02BB) stay wherever they are.
    `english`: Whisper's normaliser for English, which also writes numbers as digits and expands contractions.
    Use it where the recogniser does not spell words as the transcripts do.

    In scripts without spaces, such as Chinese, Japanese and Thai, a whole phrase counts as one word: read the
    character error rate there, which is measured and recorded with each word error rate.
    """
    if normaliser == "english":
        return _english()(text)
    text = _INVISIBLE.sub("", text).translate(_APOSTROPHES)
    # Once more at the end, as a lower-case letter may have an accented form where the capital has none (J̌, ǰ).
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    return " ".join(_WORD.findall(_MODIFIER_APOSTROPHE.sub("'", text)))


@functools.cache
def _english():
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    return EnglishTextNormalizer({})
