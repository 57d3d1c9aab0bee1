import itertools
import random
import re
from collections import Counter

import pytest

from shared.corpora.captions import JOINTS, Event, Scene, caption, phrases
from shared.corpora.scenes import ScenePlan, plan_scenes
from shared.corpora.sound_events import CLASSES

EVENTS = [Event(*each) for each in itertools.product(CLASSES, (False, True), (False, True))]
MEANING = {phrase: event for event in EVENTS for phrase in phrases(event)}


def understood(text: str) -> list[Scene]:
    """Every scene that a caption can mean."""
    found = []
    for (relation, count), joints in JOINTS.items():
        for joint in joints:
            match = re.fullmatch(re.sub(r"\{(\d)\}", r"(?P<e\1>.+)", joint), text)
            parts = [match[f"e{place}"] for place in range(count)] if match else [None]
            if all(part in MEANING for part in parts):
                events = [MEANING[part] for part in parts]
                found.append(Scene(relation, tuple(sorted(events) if relation == "mixture" else events)))
    return found


def test_a_phrase_means_one_event_and_no_word_of_it_joins_events():
    assert len(MEANING) == sum(len(phrases(event)) for event in EVENTS)
    joining = {"and", "then", "after", "followed", "first", "mixed", "together", "same"}
    assert joining.isdisjoint(word for phrase in MEANING for word in phrase.split())


@pytest.mark.parametrize("phrase", sorted(MEANING))
def test_phrases_are_plain_words_with_the_right_article(phrase):
    assert re.fullmatch(r"[a-z]+( [a-z]+)*", phrase)
    assert not re.search(r"\ba [aeiou]", phrase)


def test_a_caption_means_its_scene_and_no_other():
    placed = plan_scenes(ScenePlan(events=3, clips=2000, validation=100, test=300), seed=0)
    assert all(understood(item.text) == [item.scene] for item in placed)


def test_every_wording_is_used():
    scene = Scene("sequence", (Event("bell", False, False), Event("rain", True, True)))
    rng = random.Random(0)
    texts = Counter(caption(scene, rng) for _ in range(500))
    assert len(texts) == 27 and "distant heavy rain after a low bell" in texts
