"""Splits of recordings that come without their own, by utterance, with care for small folders."""

import random
from collections import defaultdict
from collections.abc import Sequence

from shared.corpora.manifest import Split

LEAST_TEST, LEAST_VALIDATION, LEAST_TRAIN = 2, 1, 1
LEAST_CLIPS = LEAST_TEST + LEAST_VALIDATION + LEAST_TRAIN


def assign_splits(
    speakers: Sequence[str | None], validation_share: float, test_share: float, held_out: int, seed: int
) -> list[Split]:
    """The split of each clip, given its speaker; None is one, too.

    Clips go to `test` two by two from one speaker after another, so that they can prompt each other; a
    speaker keeps a clip in `train` where it has enough. The clips of `held_out` speakers, drawn from those
    that have two or more, are all in `test`, on top of its share of the others.

    Raises:
        ValueError: too few clips or too few speakers; the message says how many are needed.
    """
    rng = random.Random(f"splits/{seed}")
    pools = _pools(speakers, rng)
    test = _hold_out(pools, held_out)
    rest = sum(len(pool) for pool in pools.values())
    least_test = 0 if test else LEAST_TEST
    if rest < LEAST_CLIPS - LEAST_TEST + least_test:
        raise ValueError(f"{len(speakers)} usable clips are too few: {LEAST_CLIPS} or more are needed")
    validation_size = max(LEAST_VALIDATION, round(validation_share * rest))
    test_size = max(least_test, min(round(test_share * rest), rest - validation_size - LEAST_TRAIN))
    test += _draw(pools, test_size, together=2)
    validation = _draw(pools, min(validation_size, rest - test_size - LEAST_TRAIN), together=1)
    names: dict[int, Split] = dict.fromkeys(test, "test") | dict.fromkeys(validation, "validation")
    return [names.get(index, "train") for index in range(len(speakers))]


def _pools(speakers: Sequence[str | None], rng: random.Random) -> dict[str | None, list[int]]:
    """Each speaker's clips, speakers and clips in random order."""
    pools = defaultdict(list)
    for index in rng.sample(range(len(speakers)), len(speakers)):
        pools[speakers[index]].append(index)
    return dict(pools)


def _hold_out(pools: dict[str, list[int]], count: int) -> list[int]:
    """Take all the clips of the first `count` speakers with two or more out of the pools."""
    names = [name for name, pool in pools.items() if len(pool) > 1][:count]
    if len(names) < count or (count and len(names) == len(pools)):
        raise ValueError(f"held_out_speakers: {count} is too many for {len(pools)} speakers")
    return [index for name in names for index in pools.pop(name)]


def _draw(pools: dict[str, list[int]], count: int, together: int) -> list[int]:
    """Take `count` clips out of the pools, `together` from each speaker in turn while it has more than that.

    What is still missing then comes one by one, at last even from speakers with a single clip left.
    """
    drawn: list[int] = []
    for size, keep in ((together, 1), (1, 1), (1, 0)):
        before = -1
        while before < len(drawn) < count:
            before = len(drawn)
            for pool in pools.values():
                if len(pool) >= size + keep:
                    taken = min(size, count - len(drawn))
                    drawn += pool[:taken]
                    del pool[:taken]
    return drawn
