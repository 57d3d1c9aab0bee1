"""Keys, scales and chords: which pitches go together."""

from collections.abc import Sequence
from typing import Literal

Mode = Literal["major", "minor"]
MODES: tuple[Mode, ...] = ("major", "minor")

# By pitch class, c being 0.
TONICS = ("c", "c sharp", "d", "e flat", "e", "f", "f sharp", "g", "a flat", "a", "b flat", "b")
OCTAVE = len(TONICS)

SCALES: dict[Mode, tuple[int, ...]] = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
DOMINANT = 5
# The leading tone, which the dominant of a minor key has in place of the scale's seventh step.
LEADING_TONE = 11

# Four chords each, by the step of the scale that they stand on, from 1; all begin on the tonic, which tells the key.
PROGRESSIONS: dict[Mode, tuple[tuple[int, ...], ...]] = {
    "major": ((1, 5, 6, 4), (1, 4, 5, 1), (1, 6, 4, 5), (1, 4, 1, 5), (1, 5, 4, 5)),
    "minor": ((1, 6, 7, 1), (1, 4, 5, 1), (1, 6, 4, 5), (1, 7, 6, 5), (1, 4, 1, 5)),
}


def scale(tonic: int, mode: Mode, step: int) -> tuple[int, ...]:
    """The seven pitch classes, from the tonic on, while the chord on `step` sounds."""
    steps = SCALES[mode]
    if mode == "minor" and step == DOMINANT:
        steps = (*steps[:-1], LEADING_TONE)
    return tuple((tonic + each) % OCTAVE for each in steps)


def triad(tonic: int, mode: Mode, step: int) -> tuple[int, ...]:
    """The pitch classes of the chord on `step`: root, third and fifth."""
    steps = scale(tonic, mode, step)
    return tuple(steps[(step - 1 + third) % len(steps)] for third in (0, 2, 4))


def pitches(classes: Sequence[int], low: int, high: int) -> list[int]:
    """Every MIDI pitch of these pitch classes from `low` to `high`, upwards."""
    return [pitch for pitch in range(low, high + 1) if pitch % OCTAVE in classes]


def voicing(chord: Sequence[int], near: Sequence[int]) -> tuple[int, ...]:
    """The chord in close position, in the inversion whose voices move least from the pitches `near`."""
    around = pitches(chord, min(near) - OCTAVE, max(near) + OCTAVE)
    close = [tuple(around[start : start + len(chord)]) for start in range(len(around) - len(chord) + 1)]
    return min(close, key=lambda voices: sum(abs(a - b) for a, b in zip(voices, near, strict=True)))
