"""What only validation and test texts have."""

from shared.corpora.manifest import Clip, Manifest
from shared.corpora.unseen import unseen


def manifest(**texts: list[str]) -> Manifest:
    clips = [
        Clip(id=f"{split}{number}", file="", text=text, speaker=None, split=split, seen_speaker=True, seconds=1.0,
             sha256="")
        for split, those in texts.items() for number, text in enumerate(those)
    ]
    return Manifest(sample_rate=16_000, corpus_hash="", clips=clips)


def test_nothing_is_said_where_training_texts_have_it_all():
    assert unseen(manifest(train=["abc"], validation=["a"], test=["cab", ""]), str, "characters") is None


def test_what_training_texts_lack_is_counted_and_shown_commonest_first():
    found = unseen(manifest(train=["ab"], validation=["aж"], test=["bщ", "жж"]), str, "characters")
    assert found.startswith("characters that validation or test texts have and no training text")
    assert found.endswith(": 2, 'ж' (2 clips, such as validation0), 'щ' (1 clip, such as test0)")
    found = unseen(manifest(train=["a b"], test=["a c"]), str.split, "words")
    assert found.startswith("words that") and found.endswith(": 1, 'c' (1 clip, such as test0)")


def test_few_of_many_are_shown():
    found = unseen(manifest(train=["a"], test=["bcdefgh"]), str, "characters")
    assert ": 7, 'b' (1 clip" in found and found.endswith("'f' (1 clip, such as test0), and 2 more")
