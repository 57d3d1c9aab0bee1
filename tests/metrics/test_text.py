"""Normalised texts: whole words in any script, one apostrophe, and what the corpora made here always gave."""
# ruff: noqa: RUF001 - quotation marks that look alike are what is tested

import random
import unicodedata

import pytest

from shared.corpora.grammars import GRAMMARS, draw_sentences
from shared.metrics.error_rate import character_errors, word_errors
from shared.metrics.text import normalise


@pytest.mark.parametrize("text", [
    "नमस्ते दुनिया", "தமிழ் மொழி", "مَرْحَبًا بك", "ฉันกินข้าว นี้", "שָׁלוֹם עוֹלָם", "នៅ ទីនេះ", "မြန်မာ စာ", "পশ্চিম র‍্যাব",
    "می‌خواهم بروم", "क्‍ष ड़",
    "tiếng việt", "привет мир", "你好 世界", "がっこう パーティー", "straße ὀδυσσεύς", "ʻokina hawaiʻi",
    "ǰ ŋ́",
])
def test_a_text_of_words_stays_as_it_is_in_every_script_and_in_both_forms_of_unicode(text):
    expected = unicodedata.normalize("NFKC", text)
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]
    assert [normalise(form) for form in (*forms, f" {text}! ")] == [expected] * 3
    assert len(expected.split()) == 2


@pytest.mark.parametrize("quoted", [
    "‘yes’", "'yes'", "“yes”", "„yes“", "‚yes‘", "«yes»", "‹yes›", "`yes´", "‛yes’", "「yes」", '"yes"',
    "''yes''", "yes’",
])
def test_quotation_marks_of_all_kinds_around_a_word_go(quoted):
    assert normalise(f"he said {quoted} now") == "he said yes now"
    assert normalise(quoted) == "yes"


def test_an_apostrophe_within_a_word_is_one_however_it_is_typed():
    assert {normalise(f"don{mark}t stop") for mark in "'’‘‛ʼ´`′＇\u1ffd"} == {"don't stop"}
    assert normalise("the dogs’ 'n’ ‘rock ’n’ roll’ say ‘don’t’") == "the dogs n rock n roll say don't"
    assert normalise("м’ята м'ята") == "м'ята м'ята"


def test_letters_that_look_like_quotation_marks_stay():
    assert normalise("ʻŌlelo Hawaiʻi, ŉ") == "ʻōlelo hawaiʻi ʼn"


def test_what_is_not_seen_parts_no_word_and_a_zero_width_space_does():
    assert normalise("co\u00adop \u200eab\u2060c\u200f \ufeffd") == "coop abc d"
    assert normalise("ab\u200bc") == "ab c"
    assert normalise("a\u200c \u200db\u200d") == "a b"


def test_a_mark_without_a_letter_goes():
    assert normalise("\u0301a - \u0301 ❤\ufe0f") == "a"


def test_normalising_twice_is_normalising_once():
    rng = random.Random(0)
    ranges = (range(0x20, 0x250), range(0x2B0, 0x590), range(0x900, 0x980), range(0x1F00, 0x2060))
    pool = [chr(each) for numbers in ranges for each in numbers]
    for _ in range(3000):
        text = "".join(rng.choices(pool, k=8))
        once = normalise(text)
        forms = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
        assert {normalise(once), *map(normalise, forms)} == {once}


def test_texts_of_the_corpora_made_here_and_what_a_recogniser_spells_of_them_are_as_they_are():
    for grammar in GRAMMARS:
        assert all(normalise(text) == text for text in draw_sentences(grammar, 48, random.Random(0)))
    rng = random.Random(0)
    for _ in range(1000):
        spelled = "".join(rng.choices("abcxyz  ", k=12)).replace("ax", "a'x")
        assert normalise(spelled) == " ".join(spelled.split())


def test_in_a_script_without_spaces_characters_tell_how_much_is_wrong():
    said, heard = normalise("你好，世界。"), normalise("你号，世界。")
    assert word_errors(said, heard) == (1, 2) and character_errors(said, heard) == (1, 5)
    said, heard = normalise("今天天气很好"), normalise("今天天气真好")
    assert word_errors(said, heard) == (1, 1) and character_errors(said, heard) == (1, 6)
