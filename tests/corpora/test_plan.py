from collections import Counter, defaultdict

import pytest

from shared.corpora.plan import Plan, plan_utterances

COMMAND = Plan("command", voices=32, held_out_voices=8, utterances=2400, validation=100, test=300)
TINY = Plan("tiny", voices=4, held_out_voices=2, utterances=160, validation=12, test=24)


def by_split(plan: Plan) -> dict:
    splits = defaultdict(list)
    for item in plan_utterances(plan, seed=0):
        splits[item.split].append(item)
    return splits


@pytest.mark.parametrize("plan", [COMMAND, TINY])
def test_sizes_and_voices_of_the_splits(plan):
    splits = by_split(plan)
    assert {split: len(items) for split, items in splits.items()} == plan.sizes()
    for split in ("train", "validation"):
        assert {item.voice for item in splits[split]} <= set(range(plan.voices))
    held_out = [item for item in splits["test"] if item.voice >= plan.voices]
    assert len(held_out) == plan.test // 2
    assert {item.voice for item in held_out} == set(range(plan.voices, plan.voices + plan.held_out_voices))
    assert min(Counter(item.voice for item in splits["test"]).values()) >= 2


@pytest.mark.parametrize("plan", [COMMAND, TINY])
def test_no_sentence_is_in_two_splits_and_no_voice_says_one_twice(plan):
    splits = by_split(plan)
    texts = {split: {item.text for item in items} for split, items in splits.items()}
    assert texts["train"].isdisjoint(texts["validation"] | texts["test"])
    assert texts["validation"].isdisjoint(texts["test"])
    pairs = [(item.voice, item.text) for items in splits.values() for item in items]
    assert len(set(pairs)) == len(pairs)


def test_sentences_are_unique_where_the_grammar_has_enough():
    utterances = plan_utterances(COMMAND, seed=0)
    assert len({item.text for item in utterances}) == len(utterances)


def test_the_first_test_clips_are_half_held_out():
    first = by_split(COMMAND)["test"][:100]
    assert sum(item.voice >= 32 for item in first) == 50


def test_the_plan_follows_the_seed():
    assert plan_utterances(TINY, seed=1) == plan_utterances(TINY, seed=1)
    assert plan_utterances(TINY, seed=1) != plan_utterances(TINY, seed=2)


@pytest.mark.parametrize("voices", range(1, 7))
@pytest.mark.parametrize("test", [4, 7, 16])
def test_every_voice_and_sentence_of_a_small_grammar_pair_at_most_once(voices, test):
    plan = Plan("tiny", voices, 1, utterances=40 * voices + 10 + test, validation=10, test=test)
    if plan.missing_sentences() is None:
        pairs = [(item.voice, item.text) for item in plan_utterances(plan, seed=0)]
        assert len(set(pairs)) == len(pairs) == plan.utterances
