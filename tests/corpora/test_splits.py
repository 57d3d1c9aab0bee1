from collections import Counter

import pytest

from shared.corpora.manifest import Clip, Manifest
from shared.corpora.splits import LEAST_CLIPS, assign_splits
from shared.corpora.test_items import test_items as items_of

SHARES = (0.1, 0.15)


def test_shares_of_a_large_corpus():
    speakers = [f"s{index % 10}" for index in range(1000)]
    splits = assign_splits(speakers, *SHARES, held_out=0, seed=0)
    assert Counter(splits) == {"train": 750, "validation": 100, "test": 150}
    assert splits == assign_splits(speakers, *SHARES, held_out=0, seed=0)
    assert splits != assign_splits(speakers, *SHARES, held_out=0, seed=1)


@pytest.mark.parametrize("clips", range(LEAST_CLIPS, 30))
@pytest.mark.parametrize("voices", [1, 2, 5, 40])
def test_small_folders_have_something_in_every_split(clips, voices):
    speakers = [f"s{index % voices}" for index in range(clips)]
    counts = Counter(assign_splits(speakers, *SHARES, held_out=0, seed=0))
    assert counts["train"] >= 1 and counts["validation"] >= 1 and counts["test"] >= 2
    assert counts.total() == clips


def test_test_clips_come_in_pairs_of_one_speaker_who_is_also_in_train():
    speakers = [f"s{index // 4}" for index in range(40)]
    splits = assign_splits(speakers, *SHARES, held_out=0, seed=0)
    tested = Counter(s for s, split in zip(speakers, splits, strict=True) if split == "test")
    trained = {s for s, split in zip(speakers, splits, strict=True) if split == "train"}
    assert list(tested.values()) == [2, 2, 2]
    assert set(tested) <= trained


def test_held_out_speakers_are_in_test_only():
    speakers = [f"s{index % 5}" for index in range(50)]
    splits = assign_splits(speakers, *SHARES, held_out=2, seed=0)
    trained = {s for s, split in zip(speakers, splits, strict=True) if split != "test"}
    tested = Counter(s for s, split in zip(speakers, splits, strict=True) if split == "test")
    assert len(trained) == 3 and len(set(tested) - trained) == 2
    assert all(tested[speaker] == 10 for speaker in set(tested) - trained)
    assert sum(tested[speaker] for speaker in trained) > 0


def test_too_few_clips():
    with pytest.raises(ValueError, match="3 usable clips are too few: 4 or more"):
        assign_splits(["a", "a", "a"], *SHARES, held_out=0, seed=0)


def test_too_few_speakers_to_hold_out():
    with pytest.raises(ValueError, match="held_out_speakers: 2 is too many for 2 speakers"):
        assign_splits(["a", "b"] * 10, *SHARES, held_out=2, seed=0)


def prompted(speakers, texts, splits) -> int:
    """Test clips that have another clip by their speaker, with another text, in test or train."""
    said = [*zip(speakers, texts, splits, strict=True)]
    return sum(
        any(who == speaker and what != text and where != "validation" for who, what, where in said)
        for speaker, text, split in said
        if split == "test"
    )


@pytest.mark.parametrize("seed", range(5))
def test_texts_that_differ_change_nothing(seed):
    speakers = [f"s{index % 7}" for index in range(100)]
    texts = [f"text {index // 2}" for index in range(100)]
    assert assign_splits(speakers, *SHARES, 0, seed, texts) == assign_splits(speakers, *SHARES, 0, seed)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("speakers", "texts", "most"),
    [
        ([*range(30), 0, 0, 1, 1, 2, 2], None, 5),  # most have a single clip
        ([*range(30), 0], None, 2),  # all but one have
        ([0, 0, 1, 1], None, 2),
        ([*[0] * 10, *[1] * 10, *[2] * 10, 3, 3, 3], [*["hi"] * 30, "a", "b", "c"], 2),  # most say the same
        ([0] * 20, [*["hi"] * 19, "ho"], 3),  # one clip says something else
    ],
)
def test_test_clips_are_those_that_can_be_prompted(speakers, texts, most, seed):
    texts = texts or [str(index) for index in range(len(speakers))]
    splits = assign_splits(speakers, *SHARES, 0, seed, texts)
    assert prompted(speakers, texts, splits) == min(most, splits.count("test"))
    assert splits.count("train") and splits.count("validation")


def test_held_out_speakers_are_those_that_can_be_prompted():
    speakers, texts = [*range(40), *range(40)], ["hi"] * 80
    texts[:3] = "abc"
    splits = assign_splits(speakers, *SHARES, 2, 0, texts)
    assert {speakers[index] for index, split in enumerate(splits) if split == "test"} >= {0, 1, 2}


def test_validation_clips_are_prompted_by_each_other_or_by_training_clips():
    said = {"train": "ac", "validation": "aabc", "test": "ab"}
    clips = [
        Clip(id=f"{split}{place}", file="c.wav", sha256="", seconds=1.0, text=f"{split} {place}", speaker=speaker,
             split=split, seen_speaker=True)
        for split, speakers in said.items()
        for place, speaker in enumerate(speakers)
    ]  # fmt: skip
    items = items_of(Manifest(sample_rate=16000, corpus_hash="", clips=clips), 10, 0, "validation")
    assert [(item.target.id, item.prompt.id) for item in items] == [
        ("validation0", "validation1"), ("validation1", "validation0"), ("validation3", "train1"),
    ]  # fmt: skip
