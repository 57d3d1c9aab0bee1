from collections import Counter

import numpy as np
import pytest

from shared.corpora.captions import Event, Scene
from shared.corpora.manifest import SPLITS
from shared.corpora.scenes import ScenePlan, count_scenes, plan_scenes, render, take_turns
from shared.corpora.sound_events import CLASSES

PLAN = ScenePlan(events=3, clips=1500, validation=100, test=300)
SMALL = ScenePlan(events=1, clips=100, validation=20, test=28)


def by_split(plan: ScenePlan, seed: int = 0) -> dict:
    placed = plan_scenes(plan, seed)
    return {split: [item for item in placed if item.split == split] for split in SPLITS}


@pytest.mark.parametrize("plan", [PLAN, SMALL])
def test_no_scene_of_test_or_validation_is_in_another_split(plan):
    splits = by_split(plan)
    assert {split: len(items) for split, items in splits.items()} == plan.sizes()
    for part in ("scene", "text"):
        held_out = [getattr(item, part) for split in ("test", "validation") for item in splits[split]]
        assert len(set(held_out)) == len(held_out)
        assert {getattr(item, part) for item in splits["train"]}.isdisjoint(held_out)


@pytest.mark.parametrize("split", SPLITS)
def test_classes_and_shapes_are_balanced_throughout(split):
    items = by_split(PLAN)[split]
    counts = Counter(event.name for item in items for event in item.scene.events)
    assert set(counts) == set(CLASSES) and max(counts.values()) - min(counts.values()) <= 5
    for some in (items[:50], items[-50:]):
        shapes = Counter((item.scene.relation, len(item.scene.events)) for item in some)
        assert len(shapes) == 5 and max(shapes.values()) <= 12
        assert min(shapes.values()) >= (10 if split == "train" else 5)


def test_train_has_every_class_alone_even_where_half_of_the_scenes_are_held_out():
    assert SMALL.spare() == {("sequence", 1): SMALL.validation + SMALL.test} == {("sequence", 1): 2 * len(CLASSES)}
    assert {item.scene.events[0].name for item in by_split(SMALL)["train"]} == set(CLASSES)
    least = PLAN._replace(clips=PLAN.least_train() + PLAN.test + PLAN.validation)
    scenes = [item.scene for item in by_split(least)["train"]]
    assert {scene.events[0].name for scene in scenes if len(scene.events) == 1} == set(CLASSES)


def test_turns_are_even_until_a_shape_has_no_more():
    a, b, c = ("sequence", 1), ("sequence", 2), ("mixture", 2)
    assert take_turns({a: 9, b: 9, c: 9}, 6) == [c, a, b, c, a, b]
    assert Counter(take_turns({a: 1, b: 9, c: 9}, 7)) == {a: 1, b: 3, c: 3}
    assert Counter(take_turns({a: 1, b: 2, c: 9}, 7)) == {a: 1, b: 2, c: 4}


def test_no_class_is_in_a_scene_twice_and_mixtures_have_no_order():
    for item in plan_scenes(PLAN, seed=1):
        names = [event.name for event in item.scene.events]
        assert len(set(names)) == len(names)
        assert item.scene.relation == "sequence" or names == sorted(names)


def test_numbers_of_scenes():
    kinds = 4 * len(CLASSES)
    assert count_scenes(("sequence", 1)) == kinds
    assert count_scenes(("sequence", 2)) == kinds * (kinds - 4) == 2 * count_scenes(("mixture", 2))


def test_the_plan_follows_the_seed():
    assert plan_scenes(PLAN, seed=1) == plan_scenes(PLAN, seed=1) != plan_scenes(PLAN, seed=2)


ALARM, DRUM = Event("alarm", True, False), Event("drum", False, False)


def pitches(audio: np.ndarray) -> list[str]:
    """Whether the strongest frequency of either half of a clip of 3 s is high or low."""
    assert audio.shape == (48000,) and audio.dtype == np.float32
    return ["high" if np.abs(np.fft.rfft(half)).argmax() / 1.5 > 1000 else "low" for half in np.split(audio, 2)]


@pytest.mark.parametrize("seed", range(5))
def test_events_of_a_sequence_come_one_after_another(seed):
    for events, expected in (((ALARM, DRUM), ["high", "low"]), ((DRUM, ALARM), ["low", "high"])):
        assert pitches(render(Scene("sequence", events), np.random.default_rng(seed), 16000, 3.0)) == expected


@pytest.mark.parametrize("seed", range(5))
def test_events_of_a_mixture_sound_together(seed):
    audio = render(Scene("mixture", (ALARM, DRUM)), np.random.default_rng(seed), 16000, 3.0)
    middle = np.abs(np.fft.rfft(audio[19200:28800])) / 4800
    frequencies = np.fft.rfftfreq(9600, 1 / 16000)
    assert middle[frequencies < 200].max() > 0.01 and middle[frequencies > 1000].max() > 0.01
