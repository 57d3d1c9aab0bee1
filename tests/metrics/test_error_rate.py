"""Word and character errors."""

import jiwer
import pytest

from shared.metrics.error_rate import ErrorCount, character_errors, corpus_error_rate, word_errors
from shared.metrics.failure import NotMeasured
from shared.metrics.text import normalise

REFERENCES = ["move red box", "take the yellow spoon now please", "go"]
HYPOTHESES = ["move bed box", "the yellow yellow spoon now", "go go go go"]


def test_counts_of_a_known_pair():
    assert word_errors("a b c d", "a x c") == ErrorCount(2, 4)
    assert character_errors("abc", "adcc") == ErrorCount(2, 3)


def test_nothing_heard_is_all_wrong():
    assert word_errors("move red box", "") == ErrorCount(3, 3)


def test_corpus_rate_equals_jiwer_and_is_not_the_mean_of_rates():
    pairs = list(zip(REFERENCES, HYPOTHESES, strict=True))
    rate = corpus_error_rate(word_errors(*pair) for pair in pairs)
    assert rate == pytest.approx(jiwer.wer(REFERENCES, HYPOTHESES))
    assert rate != pytest.approx(sum(jiwer.wer(*pair) for pair in pairs) / 3)
    assert corpus_error_rate(character_errors(*pair) for pair in pairs) == pytest.approx(
        jiwer.cer(REFERENCES, HYPOTHESES)
    )


@pytest.mark.parametrize("count", [word_errors, character_errors])
def test_empty_reference_is_not_measured(count):
    with pytest.raises(NotMeasured):
        count("", "something")


def test_no_text_at_all_is_not_measured():
    with pytest.raises(NotMeasured):
        corpus_error_rate([])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", "hello world"),
        ("  don\N{RIGHT SINGLE QUOTATION MARK}t -- stop ", "don't stop"),
        ("well-known_thing", "well known thing"),
        ("naïve café 42", "naïve café 42"),
        ("...", ""),
    ],
)
def test_basic_normalisation(text, expected):
    assert normalise(text) == expected


def test_english_normalisation_writes_numbers_as_digits():
    assert normalise("Put seven, don't!", "english") == normalise("put 7 do not", "english")
