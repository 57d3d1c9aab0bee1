"""What happens in which split of a made-up sound corpus, and how it sounds."""

import itertools
import math
import random
from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import numpy as np
import scipy  # its parts load when first used, so that planning does not wait for them

from shared.corpora.captions import Event, Relation, Scene, caption
from shared.corpora.levels import normalise_level
from shared.corpora.manifest import SPLITS, Split
from shared.corpora.sound_events import CLASSES
from shared.corpora.synthesiser import Synthesiser

MOST_EVENTS = 3
# The slowest events repeat about once a second.
LEAST_EVENT_SECONDS = 0.6
# Shares of the clip, or of its place in a sequence, that an event takes: those of a mixture always overlap.
MIXED_SHARE, SEQUENCE_SHARE = (0.6, 0.95), (0.75, 0.95)
# A distant event is 12 dB softer and dull.
DISTANT_GAIN, DISTANT_HZ = 0.25, 1200
FADE_SECONDS = 0.01

# Second kind or not, distant or not.
FORMS = tuple(itertools.product((False, True), repeat=2))

Shape = tuple[Relation, int]
AnyShape = TypeVar("AnyShape", bound=tuple[object, ...])  # music has others


class Placed(NamedTuple):
    """One clip to make."""

    id: str
    text: str
    scene: Scene
    split: Split


class ScenePlan(NamedTuple):
    """The sizes of a made-up sound corpus, named as in `SoundConfig`."""

    events: int
    clips: int
    validation: int
    test: int

    def sizes(self) -> dict[Split, int]:
        """Clips in each split."""
        rest = self.clips - self.validation - self.test
        return {"train": rest, "validation": self.validation, "test": self.test}

    def shapes(self) -> list[Shape]:
        """Relation and number of events of the clips, which take turns."""
        mixtures: list[Shape] = [("mixture", count) for count in range(2, self.events + 1)]
        sequences: list[Shape] = [("sequence", count) for count in range(1, self.events + 1)]
        return sorted(sequences + mixtures, key=lambda shape: shape[1])

    def least_train(self) -> int:
        """The clips that `train` needs for each class to be in each shape, and so alone, too."""
        return len(CLASSES) * len(self.shapes())

    def spare(self) -> dict[Shape, int]:
        """How many scenes of each shape can be held out: half of them at most, so that `train` has others."""
        return {shape: count_scenes(shape) // 2 for shape in self.shapes()}


def count_scenes(shape: Shape) -> int:
    """How many different scenes of this shape there are; no class is in one twice."""
    relation, count = shape
    choose = math.perm if relation == "sequence" else math.comb
    return choose(len(CLASSES), count) * len(FORMS) ** count


def plan_scenes(plan: ScenePlan, seed: int) -> list[Placed]:
    """Every clip of the corpus, split by split.

    Scenes of `test` and `validation` are all different, and none is in another split, however it is put into words.
    In every split the shapes take turns, as far as there are enough of each, and for each shape the classes do.
    """
    rng = random.Random(f"scenes/{seed}")
    sizes, spare = plan.sizes(), plan.spare()
    held_out = list(_draw_scenes(take_turns(spare, plan.test + plan.validation), set(), rng, once=True))
    turns = take_turns(dict.fromkeys(spare, sizes["train"]), sizes["train"])
    scenes = {
        "train": _draw_scenes(turns, set(held_out), rng, once=False),
        "validation": held_out[plan.test :],
        "test": held_out[: plan.test],
    }
    return [
        Placed(f"{split}-{index:05d}", caption(scene, rng), scene, split)
        for split in SPLITS
        for index, scene in enumerate(scenes[split])
    ]


def take_turns(most: dict[AnyShape, int], count: int) -> list[AnyShape]:
    """`count` shapes, each as often as the others but not more than `most` of it, evenly spread."""
    shares: dict[AnyShape, int] = {}
    for later, shape in enumerate(sorted(most, key=most.__getitem__)):
        share = math.ceil((count - sum(shares.values())) / (len(most) - later))
        shares[shape] = min(share, most[shape])
    places = [((turn + 0.5) / share, shape) for shape, share in shares.items() for turn in range(share)]
    return [shape for _, shape in sorted(places)]


def _draw_scenes(turns: list[Shape], used: set[Scene], rng: random.Random, once: bool) -> Iterator[Scene]:
    """A scene of each shape that is not among those used; `once`: it then is one of them."""
    decks = {shape: _deck(rng) for shape in turns}
    for shape in turns:
        scene = _draw(shape, decks[shape], used, rng)
        if once:
            used.add(scene)
        yield scene


def _deck(rng: random.Random) -> Iterator[str]:
    """The names of the classes without end, each as often as the others."""
    while True:
        yield from rng.sample(list(CLASSES), len(CLASSES))


def _draw(shape: Shape, deck: Iterator[str], used: set[Scene], rng: random.Random) -> Scene:
    """A scene of the deck's next classes that is not among those used."""
    relation, count = shape
    while True:
        names: list[str] = []
        while len(names) < count:
            name = next(deck)
            if name not in names:
                names.append(name)
        if relation == "mixture":
            names.sort()
        choices = itertools.product(*([Event(name, *each) for each in FORMS] for name in names))
        if free := [scene for events in choices if (scene := Scene(relation, events)) not in used]:
            return rng.choice(free)


def render(scene: Scene, rng: np.random.Generator, rate: int, seconds: float) -> np.ndarray:
    """The sound of a scene: float32 (time,) of `seconds` at `rate` Hz."""
    audio = np.zeros(round(seconds * rate), dtype=np.float32)
    mixed = scene.relation == "mixture" or len(scene.events) == 1
    place = seconds if mixed else seconds / len(scene.events)
    for index, event in enumerate(scene.events):
        length = place * rng.uniform(*(MIXED_SHARE if mixed else SEQUENCE_SHARE))
        start = (0 if mixed else index * place) + rng.uniform(0, place - length)
        part = render_event(event, Synthesiser(rng, rate, length))
        begin = min(round(start * rate), len(audio) - len(part))
        audio[begin : begin + len(part)] += part
    return audio


def render_event(event: Event, synth: Synthesiser) -> np.ndarray:
    """The sound of one event, float32 (time,), at the corpus's common level, or 12 dB below if it is distant."""
    audio = CLASSES[event.name].make(synth, event.second)
    if event.distant:
        audio = scipy.signal.sosfilt(scipy.signal.butter(1, DISTANT_HZ, fs=synth.rate, output="sos"), audio)
    edge = np.minimum(synth.time, synth.time[::-1])
    audio = normalise_level((audio * np.minimum(1, edge / FADE_SECONDS)).astype(np.float32))
    return audio * np.float32(DISTANT_GAIN if event.distant else 1)
