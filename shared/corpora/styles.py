"""Which pieces are in which split of a made-up music corpus: who plays, how fast, in which key."""

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from shared.corpora.harmony import MODES, TONICS, Mode
from shared.corpora.instruments import BACKINGS, INSTRUMENTS, LEADS
from shared.corpora.manifest import SPLITS, Split
from shared.corpora.scenes import take_turns

MOST_PARTS = 3

Tempo = Literal["slow", "medium", "fast"]
# Beats a minute, with gaps that are heard between the words.
TEMPI: dict[Tempo, tuple[int, int]] = {"slow": (58, 74), "medium": (94, 112), "fast": (142, 172)}
KEYS = tuple(itertools.product(range(len(TONICS)), MODES))

# Number of parts with pitch, and whether there are drums.
Shape = tuple[int, bool]


class Style(NamedTuple):
    """What a caption says of a piece. `backing` plays the chords; None in a solo. `tonic` is a pitch class."""

    lead: str
    backing: str | None
    bass: bool
    drums: bool
    tempo: Tempo
    tonic: int
    mode: Mode


class Planned(NamedTuple):
    """One clip to make."""

    id: str
    style: Style
    split: Split


class StylePlan(NamedTuple):
    """The sizes of a made-up music corpus, named as in `MusicConfig`."""

    parts: int
    clips: int
    validation: int
    test: int

    def sizes(self) -> dict[Split, int]:
        """Clips in each split."""
        rest = self.clips - self.validation - self.test
        return {"train": rest, "validation": self.validation, "test": self.test}

    def shapes(self) -> list[Shape]:
        """Parts and drums of the clips, which take turns."""
        return list(itertools.product(range(1, self.parts + 1), (False, True)))

    def least_train(self) -> int:
        """The clips that `train` needs for every instrument to be alone, with and without drums."""
        return len(INSTRUMENTS) * len(self.shapes())

    def spare(self) -> dict[Shape, int]:
        """How many styles of each shape can be held out: half of them at most, so that `train` has others."""
        return {shape: count_styles(shape) // 2 for shape in self.shapes()}


def count_styles(shape: Shape) -> int:
    """How many different styles of this shape there are."""
    players = len(INSTRUMENTS) if shape[0] == 1 else len(LEADS) * len(BACKINGS)
    return players * len(TEMPI) * len(KEYS)


def plan_styles(plan: StylePlan, seed: int) -> list[Planned]:
    """Every clip of the corpus, split by split.

    Styles of `test` and `validation` are all different, and none is in another split. In every split the shapes take
    turns, and for each shape the instruments, the tempi and the keys do.
    """
    rng = random.Random(f"styles/{seed}")
    spare = plan.spare()
    held_out = list(_draw_styles(take_turns(spare, plan.test + plan.validation), set(), rng, once=True))
    train = plan.sizes()["train"]
    styles = {
        "train": _draw_styles(take_turns(dict.fromkeys(spare, train), train), set(held_out), rng, once=False),
        "validation": held_out[plan.test :],
        "test": held_out[: plan.test],
    }
    return [
        Planned(f"{split}-{index:05d}", style, split) for split in SPLITS for index, style in enumerate(styles[split])
    ]


def _draw_styles(turns: list[Shape], used: set[Style], rng: random.Random, once: bool) -> Iterator[Style]:
    """A style of each shape that is not among those used; `once`: it then is one of them."""
    decks = {shape: _Decks(shape, rng) for shape in dict.fromkeys(turns)}
    for shape in turns:
        style = decks[shape].draw(used)
        if once:
            used.add(style)
        yield style


class _Decks:
    """Styles of a shape: each instrument, tempo and key as often as the others of its kind."""

    def __init__(self, shape: Shape, rng: random.Random):
        self.parts, self.drums = shape
        self.leads = _deck(list(INSTRUMENTS if self.parts == 1 else LEADS), rng)
        self.backings = _deck([None] if self.parts == 1 else list(BACKINGS), rng)
        self.tempi, self.keys = _deck(list(TEMPI), rng), _deck(KEYS, rng)

    def draw(self, used: set[Style]) -> Style:
        """One for the next players that is not used."""
        players = next(self.leads), next(self.backings), self.parts == MOST_PARTS, self.drums
        while (style := Style(*players, next(self.tempi), *next(self.keys))) in used:
            pass
        return style


def _deck(values: Sequence[Any], rng: random.Random) -> Iterator[Any]:
    """The values without end, in ever new orders."""
    while True:
        yield from rng.sample(values, len(values))
