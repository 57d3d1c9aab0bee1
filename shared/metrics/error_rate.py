"""Word and character errors of one clip, and the corpus error rate over many.

Corpus error rate = sum of errors / sum of reference units. It is not the mean of the clips' own rates, which
lets a short clip weigh as much as a long one.
"""

from collections.abc import Iterable
from typing import NamedTuple

import jiwer

from shared.metrics.failure import NotMeasured


class ErrorCount(NamedTuple):
    """Substitutions, deletions and insertions together, and the number of reference units."""

    errors: int
    total: int


def word_errors(reference: str, hypothesis: str) -> ErrorCount:
    """Count word errors between two normalised texts.

    Raises:
        NotMeasured: the reference has no words.
    """
    _check(reference)
    counts = jiwer.process_words(reference, hypothesis)
    return _count(counts)


def character_errors(reference: str, hypothesis: str) -> ErrorCount:
    """Count character errors, spaces included, between two normalised texts.

    Raises:
        NotMeasured: the reference is empty.
    """
    _check(reference)
    return _count(jiwer.process_characters(reference, hypothesis))


def corpus_error_rate(counts: Iterable[ErrorCount]) -> float:
    """Sum of errors over sum of reference units.

    Raises:
        NotMeasured: there is no reference unit at all.
    """
    counts = list(counts)
    total = sum(count.total for count in counts)
    if total == 0:
        raise NotMeasured("no reference text")
    return sum(count.errors for count in counts) / total


def _check(reference: str) -> None:
    if not reference.strip():
        raise NotMeasured("the reference text is empty")


def _count(output: jiwer.WordOutput | jiwer.CharacterOutput) -> ErrorCount:
    errors = output.substitutions + output.deletions + output.insertions
    return ErrorCount(errors, output.hits + output.substitutions + output.deletions)
