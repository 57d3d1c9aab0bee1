"""Texts that a tokenizer from the hub has no tokens for."""

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from shared.config import ConfigError
from shared.text.unknown_tokens import unknown_tokens


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    """One of two words; every other word is unknown to it."""
    words = Tokenizer(models.WordLevel({"<unk>": 0, "a": 1, "bell": 2}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", name_or_path="t5-small")


def test_nothing_is_said_where_all_is_known(tokenizer):
    assert unknown_tokens(tokenizer, ["a bell", "bell", "bell"]) is None
    assert unknown_tokens(None, ["колокол"]) is None


def test_texts_with_unknown_parts_are_counted_as_long_as_they_differ(tokenizer):
    texts = ["a bell", "колокол", "a колокол", "колокол"]
    assert unknown_tokens(tokenizer, texts) == (
        "t5-small has no token for some characters of 2 of 3 texts, such as 'колокол'"
    )


def test_two_texts_that_are_the_same_to_it_are_an_error(tokenizer):
    with pytest.raises(ConfigError, match=r"t5-small can't tell 'a колокол' from 'a дождь'.*kind characters"):
        unknown_tokens(tokenizer, ["a колокол", "колокол", "a дождь"])
