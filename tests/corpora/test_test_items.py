import pytest

from shared.corpora.manifest import Clip, CorpusError, Manifest
from shared.corpora.test_items import swapped_prompt, unpromptable
from shared.corpora.test_items import test_items as items_of


def clip(name: str, speaker: str | None, split: str, text: str | None = None) -> Clip:
    return Clip(
        id=name,
        file=f"audio/{name}.wav",
        text=text or name,
        speaker=speaker,
        split=split,
        seen_speaker=True,
        seconds=1.0,
        sha256="0",
    )


def manifest(*clips: Clip) -> Manifest:
    return Manifest(sample_rate=8000, corpus_hash="0", clips=list(clips))


@pytest.fixture
def corpus() -> Manifest:
    tests = [clip(f"{speaker}{index}", speaker, "test") for index in range(5) for speaker in "ab"]
    return manifest(*tests, clip("t", "a", "train"), clip("v", "a", "validation"))


def test_prompts_are_other_test_clips_by_the_same_speaker(corpus):
    items = items_of(corpus, 10, seed=0)
    assert [item.target for item in items] == corpus.split("test")
    for target, prompt in items:
        assert prompt.split == "test" and prompt.speaker == target.speaker and prompt.text != target.text


def test_items_follow_the_seed_and_not_n(corpus):
    assert items_of(corpus, 10, seed=0) == items_of(corpus, 10, seed=0)
    assert items_of(corpus, 4, seed=0) == items_of(corpus, 10, seed=0)[:4]
    assert items_of(corpus, 10, seed=0) != items_of(corpus, 10, seed=1)
    assert len(items_of(corpus, 100, seed=0)) == 10


def test_a_single_test_clip_is_prompted_by_a_train_clip():
    corpus = manifest(clip("x", "a", "test"), clip("v", "a", "validation"), clip("t", "a", "train"))
    assert [item.prompt.id for item in items_of(corpus, 5, seed=0)] == ["t"]


def test_a_prompt_never_says_the_target_text():
    corpus = manifest(
        clip("x", "a", "test", "hi"), clip("y", "a", "test", "hi"), clip("t", "a", "train", "ho")
    )
    assert {item.prompt.id for item in items_of(corpus, 5, seed=0)} == {"t"}


def test_sounds_are_not_prompted():
    sounds = [clip(name, None, "test") for name in "xyz"]
    corpus = manifest(*sounds, clip("t", None, "train"))
    assert items_of(corpus, 2, seed=0) == [(sounds[0], None), (sounds[1], None)]
    assert unpromptable(corpus) == []


def test_speakers_with_nothing_else_are_left_out_and_reported():
    lonely = clip("x", "a", "test")
    corpus = manifest(lonely, clip("y", "b", "test"), clip("z", "b", "test"))
    assert [item.target.id for item in items_of(corpus, 2, seed=0)] == ["y", "z"]
    assert unpromptable(corpus) == [lonely]


def test_a_swapped_prompt_says_neither_what_the_target_nor_what_the_prompt_says(corpus):
    for item in items_of(corpus, 10, seed=0):
        heard = swapped_prompt(corpus, item, seed=0)
        assert heard.speaker == item.target.speaker
        assert len({heard.text, item.target.text, item.prompt.text}) == 3
    pair = manifest(clip("x", "a", "test"), clip("y", "a", "test"))
    with pytest.raises(CorpusError, match="x: no third text by a"):
        swapped_prompt(pair, items_of(pair, 1, seed=0)[0], seed=0)
