"""What is evaluated: test clips, each with a prompt by the same voice, or without one where nobody speaks.

While a recipe is tuned, validation clips take their place.
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from shared.corpora.manifest import Clip, CorpusError, Manifest, Split


class TestItem(NamedTuple):
    """Say the text of `target` in the voice of `prompt`; `target` is the reference recording.

    `prompt` is None if `target` is a sound: then make what its caption says.
    """

    target: Clip
    prompt: Clip | None


def test_items(manifest: Manifest, n: int, seed: int, split: Split = "test") -> list[TestItem]:
    """The first `n` clips of a split, in the manifest's order: sounds, and utterances that can be prompted.

    A prompt is another clip of the split by the same speaker with another text, drawn by `seed`; a speaker without
    one is prompted by a train clip; a speaker without either is left out (see `unpromptable`). A target's
    prompt depends on `seed` and on the corpus only, so it is the same whatever `n` is.
    """
    items: list[TestItem] = []
    pool = _by_speaker(manifest)
    for target in manifest.split(split):
        if len(items) == n:
            break
        prompt = None if target.speaker is None else _draw_prompt(target, pool[target.speaker], seed)
        if prompt is not None or target.speaker is None:
            items.append(TestItem(target, prompt))
    return items


def item_seed(seed: int, index: int) -> int:
    """Of all that is random about the test item with this number: the same for every model that makes it."""
    return seed * 1_000_003 + index


def swapped_prompt(manifest: Manifest, item: TestItem, seed: int) -> Clip:
    """Another clip by the same speaker that says neither what the target says nor what the prompt says.

    Raises:
        CorpusError: the speaker has none.
    """
    said = item.prompt and item.prompt.text
    others = [clip for clip in manifest.clips if clip.speaker == item.target.speaker and clip.text != said]
    swapped = _draw_prompt(item.target, others, seed)
    if swapped is None:
        raise CorpusError(f"{item.target.id}: no third text by {item.target.speaker} to swap its prompt for")
    return swapped


def unpromptable(manifest: Manifest) -> list[Clip]:
    """The test clips that `test_items` leaves out, since nothing else by their speaker can be the prompt."""
    texts = texts_by_speaker((clip.speaker, clip.text, clip.split) for clip in manifest.clips)
    return [clip for clip in manifest.split("test") if clip.speaker is not None and len(texts[clip.speaker]) < 2]


def texts_by_speaker(said: Iterable[tuple[str | None, str, Split]]) -> dict[str | None, set[str]]:
    """The different texts of each speaker that a test clip may say or be prompted with: those in test and train."""
    texts = defaultdict(set)
    for speaker, text, split in said:
        if split != "validation":
            texts[speaker].add(text)
    return texts


def _by_speaker(manifest: Manifest) -> dict[str | None, list[Clip]]:
    pool = defaultdict(list)
    for clip in manifest.clips:
        pool[clip.speaker].append(clip)
    return pool


def _candidates(target: Clip, clips: list[Clip]) -> list[Clip]:
    others = [clip for clip in clips if clip.text != target.text]
    for split in (target.split, "train"):
        if found := [clip for clip in others if clip.split == split]:
            return found
    return []


def _draw_prompt(target: Clip, clips: list[Clip], seed: int) -> Clip | None:
    candidates = _candidates(target, clips)
    return random.Random(f"{seed}/{target.id}").choice(candidates) if candidates else None
