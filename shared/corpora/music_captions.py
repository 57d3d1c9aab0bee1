"""How a piece of music is put into words: lower-case letters and spaces only, as in `captions`."""

import random

from shared.corpora.harmony import TONICS, Mode
from shared.corpora.styles import Style, Tempo

# A mood follows from tempo and mode, and is said in one of two ways.
MOODS: dict[tuple[Tempo, Mode], tuple[str, str]] = {
    ("slow", "major"): ("calm", "gentle"),
    ("slow", "minor"): ("sad", "mournful"),
    ("medium", "major"): ("cheerful", "warm"),
    ("medium", "minor"): ("serious", "dark"),
    ("fast", "major"): ("happy", "lively"),
    ("fast", "minor"): ("tense", "urgent"),
}
JOINTS = (
    "a {tempo} {mood} piece in {key} for {players} {drums}",
    "{players} playing a {tempo} {mood} tune in {key} {drums}",
    "{tempo} {mood} music in {key} by {players} {drums}",
)
# By the number of parts; 0 is the lead, 1 what backs it.
PLAYERS = {
    1: ("solo {0}", "{0} alone"),
    2: ("{0} and {1}", "{0} over {1}"),
    3: ("{0} and {1} and bass", "{0} over {1} and bass"),
}
DRUMS = {True: ("with drums", "with a drum kit"), False: ("without drums", "and no drums")}


def caption(style: Style, rng: random.Random) -> str:
    """A sentence that says who plays, how fast, in which mood and key; `rng` chooses among the wordings."""
    parts = 1 if style.backing is None else 2 + style.bass
    return rng.choice(JOINTS).format(
        tempo=style.tempo,
        mood=rng.choice(MOODS[style.tempo, style.mode]),
        key=f"{TONICS[style.tonic]} {style.mode}",
        players=rng.choice(PLAYERS[parts]).format(style.lead, style.backing),
        drums=rng.choice(DRUMS[style.drums]),
    )
