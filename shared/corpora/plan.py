"""Who says what in which split of a made-up speech corpus."""

import math
import random
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from shared.corpora.grammars import count_sentences, draw_sentences
from shared.corpora.manifest import SPLITS, Split


class Utterance(NamedTuple):
    """One clip to make; `voice` is its number, held-out voices having the highest."""

    id: str
    text: str
    voice: int
    split: Split


class Plan(NamedTuple):
    """The sizes of a made-up speech corpus, named as in `SpeechConfig`."""

    grammar: str
    voices: int
    held_out_voices: int
    utterances: int
    validation: int
    test: int

    def sizes(self) -> dict[Split, int]:
        """Clips in each split."""
        rest = self.utterances - self.validation - self.test
        return {"train": rest, "validation": self.validation, "test": self.test}

    def sentences(self) -> dict[Split, int]:
        """Sentences of each split: one a clip, or a share of the grammar's if it has too few for that."""
        available = count_sentences(self.grammar)
        if available >= self.utterances:
            return self.sizes()
        shares = {split: max(1, available * size // self.utterances) for split, size in self.sizes().items()}
        shares["train"] = available - shares["validation"] - shares["test"]
        return shares

    def groups(self, split: Split) -> list[tuple[list[int], int]]:
        """(voice numbers, clips) of each group of voices in a split; two clips a voice at least in `test`."""
        size = self.sizes()[split]
        seen = list(range(self.voices))
        if split != "test":
            return [(seen, size)]
        held_out = list(range(self.voices, self.voices + self.held_out_voices))
        by_held_out = size // 2 if held_out else 0
        by_seen = size - by_held_out
        return [(seen[: max(1, by_seen // 2)], by_seen), (held_out, by_held_out)]

    def missing_sentences(self) -> str | None:
        """The split in which some voice would have to say a sentence twice, if there is one."""
        sentences = self.sentences()
        for split in SPLITS:
            if any(size > len(voices) * sentences[split] for voices, size in self.groups(split)):
                return split
        return None


def plan_utterances(plan: Plan, seed: int) -> list[Utterance]:
    """Every clip of the corpus, split by split.

    In `test`, seen and held-out voices take turns, so that its first n clips are as balanced as the whole.
    """
    shares = plan.sentences()
    drawn = draw_sentences(plan.grammar, sum(shares.values()), random.Random(f"sentences/{seed}"))
    utterances = []
    for split in SPLITS:
        sentences, drawn = drawn[: shares[split]], drawn[shares[split] :]
        for index, (voice, text) in enumerate(_turns(plan.groups(split), sentences)):
            utterances.append(Utterance(f"{split}-{index:05d}-v{voice:03d}", text, voice, split))
    return utterances


def _turns(groups: list[tuple[list[int], int]], sentences: list[str]) -> Iterator[tuple[int, str]]:
    """(voice, sentence) of each clip of a split, the groups taking turns."""
    enough = len(sentences) >= sum(size for _, size in groups)
    lists = []
    for voices, size in groups:
        lists.append(list(_pairs(voices, sentences, size)))
        sentences = sentences[size:] if enough else sentences
    for turn in zip_longest(*lists):
        yield from (pair for pair in turn if pair is not None)


def _pairs(voices: Sequence[int], sentences: Sequence[str], count: int) -> Iterator[tuple[int, str]]:
    """`count` different (voice, sentence) pairs, voices and sentences both used evenly.

    Walking both cycles at once comes back to the first pair after their least common multiple; shifting the
    sentences by one then starts a walk of new pairs, and so on through all of the product.
    """
    period = math.lcm(len(voices), len(sentences)) if voices else 1
    for index in range(count):
        yield voices[index % len(voices)], sentences[(index + index // period) % len(sentences)]
