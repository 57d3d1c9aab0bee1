"""How a scene is put into words: lower-case letters and spaces only, which every text encoder here knows."""

import random
from typing import Literal, NamedTuple

from shared.corpora.sound_events import CLASSES

Relation = Literal["sequence", "mixture"]

# By relation and number of events; the numbers are places in the sequence.
JOINTS: dict[tuple[Relation, int], tuple[str, ...]] = {
    ("sequence", 1): ("{0}",),
    ("sequence", 2): ("{0} followed by {1}", "first {0} and then {1}", "{1} after {0}"),
    ("sequence", 3): ("{0} then {1} then {2}", "{0} followed by {1} and then {2}", "first {0} then {1} and then {2}"),
    ("mixture", 2): ("{0} and {1} at the same time", "{0} together with {1}", "{0} mixed with {1}"),
    ("mixture", 3): (
        "{0} and {1} and {2} at the same time",
        "{0} together with {1} and {2}",
        "{0} mixed with {1} and {2}",
    ),
}
DISTANT = "distant"


class Event(NamedTuple):
    """One event: the name of its class, whether it is the second of its two kinds, and whether it is far away."""

    name: str
    second: bool
    distant: bool


class Scene(NamedTuple):
    """What happens in a clip; the events of a mixture are in the order of their names. One event is a sequence."""

    relation: Relation
    events: tuple[Event, ...]


def caption(scene: Scene, rng: random.Random) -> str:
    """A sentence that says what happens, in which order and which way; `rng` chooses among the wordings."""
    events = list(scene.events)
    if scene.relation == "mixture":
        rng.shuffle(events)
    joint = rng.choice(JOINTS[scene.relation, len(events)])
    return joint.format(*(rng.choice(phrases(event)) for event in events))


def phrases(event: Event) -> list[str]:
    """What an event can be called; what isn't said to be distant is near."""
    sound = CLASSES[event.name]
    word = sound.kinds[event.second]
    return [phrase.format(f"{DISTANT} {word}" if event.distant else word) for phrase in sound.phrases]
