"""How texts become symbols: one form of each text, the corpus' characters, and no symbol for what is unknown."""

import unicodedata

import pytest

from shared.config import ConfigError, parse
from shared.generators.backbones.transformer_config import TransformerConfig
from shared.text.characters import LATIN, Characters, canonical, extended
from shared.text.encoders.characters_config import CharactersConfig

TEXTS = ["Straße 9", "ПРИВЕТ мир", "नमस्ते", "你好世界", "İstanbul", "ὈΔΥΣΣΕΎΣ", "한국어", "J\u030c", "tiếng"]


@pytest.mark.parametrize("text", TEXTS)
def test_case_and_unicode_form_make_no_other_text(text):
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]
    assert len({canonical(form) for form in forms}) == 1
    assert canonical(canonical(text)) == canonical(text) == canonical(text.lower())


def test_a_vocabulary_goes_on_with_what_the_texts_have_besides():
    assert extended(LATIN, ["move red box", "don't"]) == LATIN
    assert extended(LATIN, ["Ünder 4", "ж"]) == LATIN + "4üж"
    assert extended("ab", ["b c"]) == "ab c" and extended("ab", []) == "ab "


@pytest.mark.parametrize("text", TEXTS)
def test_each_character_has_a_symbol_of_its_own(text):
    read = Characters(extended(LATIN, TEXTS), first=2)
    symbols = read(text)
    assert symbols == read(unicodedata.normalize("NFD", text)) == read(f" {text} ")[1:-1]
    assert len(set(symbols)) == len(set(canonical(text))) and min(symbols) >= 2


def test_an_unknown_character_is_named_with_its_text():
    read = Characters(LATIN, first=1)
    assert read("Ab ") == [3, 4, 1] and read("") == []
    with pytest.raises(ConfigError) as caught:
        read("Привет 4")
    message = str(caught.value)
    assert "'Привет 4'" in message and "'п' (U+043F CYRILLIC SMALL LETTER PE)" in message and "'4' (U+0034" in message
    assert "\n" not in message


@pytest.mark.parametrize(("vocabulary", "expected"), [
    ("abA", r"has 'A' \(U\+0041 .*\), which no text has"),
    ("aba", "has 'a' .* twice"), ("a\u0340", "which no text has"), ("", "at least 1 character"),
])
def test_a_vocabulary_that_can_not_be_is_refused(vocabulary, expected):
    for model, data in (
        (CharactersConfig, {"kind": "characters", "dim": 4}),
        (TransformerConfig, {"kind": "transformer", "width": 16, "depth": 1, "heads": 1}),
    ):
        with pytest.raises(ConfigError, match=expected):
            parse(model, data | {"vocabulary": vocabulary}, "study.yaml")
        assert parse(model, data, "study.yaml").vocabulary == LATIN
