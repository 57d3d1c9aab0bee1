"""Splits of recordings that come without their own, by utterance, with care for small folders."""

import random
from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import zip_longest

from shared.corpora.manifest import Split
from shared.corpora.test_items import texts_by_speaker

LEAST_TEST, LEAST_VALIDATION, LEAST_TRAIN = 2, 1, 1
LEAST_CLIPS = LEAST_TEST + LEAST_VALIDATION + LEAST_TRAIN
Pools = dict[str | None, list[int]]
# How clips are drawn: so many of a speaker at once, of whose clips so many stay; then as the next pair says.
Phases = Sequence[tuple[int, int]]
KEEP_ONE: Phases = ((2, 1), (1, 1))
WHOLE_PAIRS: Phases = ((2, 1), (2, 0), (1, 1))
ONE_BY_ONE: Phases = ((1, 1), (1, 0))


def assign_splits(
    speakers: Sequence[str | None],
    validation_share: float,
    test_share: float,
    held_out: int,
    seed: int,
    texts: Sequence[str] | None = None,
) -> list[Split]:
    """The split of each clip, given its speaker; None is one, too. Without `texts`, all differ.

    Clips go to `test` two by two from one speaker after another, so that they can prompt each other; a
    speaker keeps a clip in `train` where it has enough. The clips of `held_out` speakers, drawn from those
    that have two or more, are all in `test`, on top of its share of the others. Where test clips are left
    without a prompt so, those come first whose speaker says two texts or more, if more have a prompt then.

    Raises:
        ValueError: too few clips or too few speakers; the message says how many are needed.
    """
    texts = texts or [str(index) for index in range(len(speakers))]
    pools = _pools(speakers, random.Random(f"splits/{seed}"))
    shares = validation_share, test_share
    tries = [_assign(pools, (), KEEP_ONE, shares, held_out)]
    if _prompted(tries[0], speakers, texts) < tries[0].count("test"):
        varied = _varied(pools, texts)
        pools = varied | {name: pool for name, pool in pools.items() if name not in varied}
        tries += [_assign(pools, varied, phases, shares, held_out) for phases in (KEEP_ONE, WHOLE_PAIRS)]
    return max(tries, key=lambda splits: _prompted(splits, speakers, texts))


def _assign(
    pools: Pools, first: Collection[str | None], phases: Phases, shares: tuple[float, float], held_out: int
) -> list[Split]:
    """The split of each clip; test clips come from the speakers in `first` as long as `phases` find some there."""
    validation_share, test_share = shares
    pools = {name: [*pool] for name, pool in pools.items()}
    clips = sum(len(pool) for pool in pools.values())
    test = _hold_out(pools, held_out)
    rest = sum(len(pool) for pool in pools.values())
    least_test = 0 if test else LEAST_TEST
    if rest < LEAST_CLIPS - LEAST_TEST + least_test:
        raise ValueError(f"{clips} usable clips are too few: {LEAST_CLIPS} or more are needed")
    validation_size = max(LEAST_VALIDATION, round(validation_share * rest))
    test_size = max(least_test, min(round(test_share * rest), rest - validation_size - LEAST_TRAIN))
    drawn = _draw({name: pool for name, pool in pools.items() if name in first}, test_size, phases)
    drawn += _draw(pools, test_size - len(drawn), (*KEEP_ONE, *ONE_BY_ONE))
    # What is left of those speakers comes last, since it may be the prompt of a test clip.
    spared = dict(reversed(pools.items())) if first else pools
    validation = _draw(spared, min(validation_size, rest - test_size - LEAST_TRAIN), ONE_BY_ONE)
    names: dict[int, Split] = dict.fromkeys(test + drawn, "test")
    names |= dict.fromkeys(validation, "validation")
    return [names.get(index, "train") for index in range(clips)]


def _pools(speakers: Sequence[str | None], rng: random.Random) -> Pools:
    """Each speaker's clips, speakers and clips in random order."""
    pools = defaultdict(list)
    for index in rng.sample(range(len(speakers)), len(speakers)):
        pools[speakers[index]].append(index)
    return dict(pools)


def _varied(pools: Pools, texts: Sequence[str]) -> Pools:
    """The clips of those speakers who say two texts or more, the first of each text before the second of any."""
    varied = {}
    for name, pool in pools.items():
        by_text = defaultdict(list)
        for index in pool:
            by_text[texts[index]].append(index)
        if len(by_text) > 1:
            turns = zip_longest(*by_text.values())
            varied[name] = [index for turn in turns for index in turn if index is not None]
    return varied


def _hold_out(pools: Pools, count: int) -> list[int]:
    """Take all the clips of the first `count` speakers with two or more out of the pools."""
    names = [name for name, pool in pools.items() if len(pool) > 1][:count]
    if len(names) < count or (count and len(names) == len(pools)):
        raise ValueError(f"held_out_speakers: {count} is too many for {len(pools)} speakers")
    return [index for name in names for index in pools.pop(name)]


def _draw(pools: Pools, count: int, phases: Phases) -> list[int]:
    """Take `count` clips out of the pools, or what the phases find, from each speaker in turn."""
    drawn: list[int] = []
    for size, keep in phases:
        before = -1
        while before < len(drawn) < count:
            before = len(drawn)
            for pool in pools.values():
                if len(pool) >= size + keep:
                    taken = min(size, count - len(drawn))
                    drawn += pool[:taken]
                    del pool[:taken]
    return drawn


def _prompted(splits: list[Split], speakers: Sequence[str | None], texts: Sequence[str]) -> int:
    """How many test clips can be evaluated: sounds, and utterances that have a prompt."""
    said = texts_by_speaker(zip(speakers, texts, splits, strict=True))
    tested = (speaker for speaker, split in zip(speakers, splits, strict=True) if split == "test")
    return sum(speaker is None or len(said[speaker]) > 1 for speaker in tested)
