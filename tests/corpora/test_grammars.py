import random

import pytest

from shared.corpora.grammars import GRAMMARS, count_sentences, draw_sentences


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_slots_have_no_double_words_and_only_letters(grammar):
    for slot in GRAMMARS[grammar]:
        assert len(set(slot)) == len(slot)
        assert all(word.isascii() and word.isalpha() and word.islower() for word in slot)


def test_sizes():
    assert count_sentences("tiny") == 64
    assert count_sentences("command") == 8 * 8 * 10 * 8 * 10
    words = {word for slot in GRAMMARS["large"] for word in slot}
    assert len(words) > 200


def test_all_sentences_of_a_grammar_can_be_drawn():
    sentences = draw_sentences("tiny", 64, random.Random(0))
    assert len(set(sentences)) == 64
    assert all(len(sentence.split()) == 3 for sentence in sentences)


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_drawn_sentences_follow_the_slots_and_the_seed(grammar):
    sentences = draw_sentences(grammar, 50, random.Random(1))
    assert sentences == draw_sentences(grammar, 50, random.Random(1))
    assert len(set(sentences)) == 50
    for sentence in sentences:
        assert all(word in slot for word, slot in zip(sentence.split(), GRAMMARS[grammar], strict=True))
