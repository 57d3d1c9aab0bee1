import random
import re

import pytest

from shared.corpora.harmony import TONICS
from shared.corpora.instruments import BACKINGS, INSTRUMENTS
from shared.corpora.music_captions import DRUMS, JOINTS, MOODS, PLAYERS, caption
from shared.corpora.styles import Style, StylePlan, plan_styles

WORDS = {mood: key for key, moods in MOODS.items() for mood in moods}
ENSEMBLES = {
    words.format(lead, backing): (lead, backing, parts == 3)
    for parts, wordings in PLAYERS.items()
    for words in wordings
    for lead in INSTRUMENTS
    for backing in (BACKINGS if parts > 1 else [None])
}
DRUM_WORDS = {words: drums for drums, wordings in DRUMS.items() for words in wordings}
PARTS = {
    "tempo": "slow|medium|fast",
    "mood": "|".join(WORDS),
    "key": "[a-g](?: sharp| flat)? (?:major|minor)",
    "players": "|".join(sorted(ENSEMBLES, key=len, reverse=True)),
    "drums": "|".join(DRUM_WORDS),
}
PATTERNS = [
    re.compile(re.sub(r"\{(\w+)\}", lambda found: f"(?P<{found[1]}>{PARTS[found[1]]})", joint)) for joint in JOINTS
]


def understood(text: str) -> list[Style]:
    """Every style that a caption can mean; none if its mood is not that of its tempo and mode."""
    found = []
    for pattern in PATTERNS:
        if match := pattern.fullmatch(text):
            tonic, mode = match["key"].rsplit(" ", 1)
            tempo, drums = match["tempo"], DRUM_WORDS[match["drums"]]
            if WORDS[match["mood"]] == (tempo, mode):
                found.append(Style(*ENSEMBLES[match["players"]], drums, tempo, TONICS.index(tonic), mode))
    return found


def test_no_word_is_said_of_two_things():
    assert len(WORDS) == 12 and len(DRUM_WORDS) == 4
    assert len(ENSEMBLES) == 2 * len(INSTRUMENTS) + 4 * len(INSTRUMENTS) * len(BACKINGS)


def test_a_caption_means_its_style_and_no_other():
    rng = random.Random(0)
    for item in plan_styles(StylePlan(parts=3, clips=500, validation=50, test=50), seed=0):
        text = caption(item.style, rng)
        assert understood(text) == [item.style], text
        assert re.fullmatch(r"[a-z]+( [a-z]+)*", text) and not re.search(r"\ba [aeiou]", text)


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_every_wording_is_used(parts):
    style = Style("flute", "piano" if parts > 1 else None, parts == 3, True, "slow", 9, "minor")
    rng = random.Random(0)
    texts = {caption(style, rng) for _ in range(400)}
    assert len(texts) == len(JOINTS) * 2 * 2 * 2 == 24
    players = {1: "flute alone", 2: "flute over piano", 3: "flute and piano and bass"}[parts]
    assert f"a slow sad piece in a minor for {players} with drums" in texts
