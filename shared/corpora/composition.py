"""From a style to the notes of a piece: chords, melody, backing, bass and drums, in four-four time."""

import math
import random
from typing import NamedTuple

from shared.corpora.harmony import PROGRESSIONS, pitches, scale, triad, voicing
from shared.corpora.instruments import BACKINGS, BASS, CLOSED_HAT, INSTRUMENTS, KICK, SNARE
from shared.corpora.pieces import LOUDEST, Note, Part, Piece
from shared.corpora.styles import TEMPI, Style, Tempo

# Beats that a chord lasts: about two seconds at any tempo.
CHORD_BEATS: dict[Tempo, int] = {"slow": 2, "medium": 4, "fast": 4}
# Two beats of melody, in beats; a piece repeats two of these.
RHYTHMS = ((1, 1), (1, 0.5, 0.5), (0.5, 0.5, 1), (1.5, 0.5), (0.5, 0.5, 0.5, 0.5))
CELL_BEATS = 2
# How a backing that dies away plays its three voices, in half beats: one after another, or all at once.
FIGURES = ((0,), (1,), (2,), (1,)), ((0,), (2,), (1,), (2,)), ((0, 1, 2), (), (0, 1, 2), ())
# Share of its time that a note is held.
HELD = 0.92
# Nothing shorter is begun before the end.
SHORTEST_SECONDS = 0.06
# The lead sits on one side and the backing as far on the other; bass and drums are in the middle.
PANS = (0.25, 0.85)
# Loudness in dB relative to the lead.
BACKING_LEVEL, BASS_LEVEL, DRUMS_LEVEL = -3.0, -4.0, -5.0
# MIDI velocities: of what is stressed and of the rest, each up to 8 more or less.
STRESSED, UNSTRESSED, SPREAD = 104, 84, 8


class Chord(NamedTuple):
    """A chord of the piece: where it begins, in beats, its pitch classes from the root up, and the scale with it."""

    start: int
    beats: int
    classes: tuple[int, ...]
    scale: tuple[int, ...]


class Stroke(NamedTuple):
    """A note in beats."""

    start: float
    beats: float
    pitch: int
    stressed: bool


def compose(style: Style, seconds: float, rng: random.Random) -> Piece:
    """A piece in this style; equal `rng`, equal notes.

    Times are rounded to the microsecond, so that the notes that are kept are those that are rendered.
    """
    tempo = round(rng.uniform(*TEMPI[style.tempo]), 1)
    beats = math.ceil(seconds * tempo / 60)
    chords = chord_sequence(style, beats, rng)
    side = rng.choice((-1, 1)) * round(rng.uniform(*PANS), 2)
    lead = INSTRUMENTS[style.lead]
    parts = [Part(name=style.lead, program=lead.program, pan=side, level=0.0)]
    strokes = [melody(chords, lead.low, lead.high, rng)]
    if style.backing is not None:
        backing = BACKINGS[style.backing]
        parts.append(Part(name=style.backing, program=backing.program, pan=-side, level=BACKING_LEVEL))
        strokes.append(accompaniment(chords, backing.held, rng))
    if style.bass:
        parts.append(Part(name="bass", program=BASS.program, pan=0.0, level=BASS_LEVEL))
        strokes.append(bass_line(chords, rng))
    if style.drums:
        parts.append(Part(name="drums", program=0, pan=0.0, level=DRUMS_LEVEL, drums=True))
        strokes.append(drum_beat(beats, rng))
    notes = [
        note
        for part, played in enumerate(strokes)
        for stroke in played
        if (note := _note(stroke, part, 60 / tempo, seconds, rng))
    ]
    return Piece(seconds=seconds, tempo=tempo, parts=tuple(parts), notes=tuple(sorted(notes)))


def chord_sequence(style: Style, beats: int, rng: random.Random) -> list[Chord]:
    """A progression of four chords, again and again, that covers the beats."""
    progression, each = rng.choice(PROGRESSIONS[style.mode]), CHORD_BEATS[style.tempo]
    chords = []
    for index, start in enumerate(range(0, beats, each)):
        step = progression[index % len(progression)]
        key = style.tonic, style.mode, step
        chords.append(Chord(start, each, triad(*key), scale(*key)))
    return chords


def melody(chords: list[Chord], low: int, high: int, rng: random.Random) -> list[Stroke]:
    """A line from `low` to `high` in two repeated rhythms: a tone of the chord on each second beat, steps between."""
    motif, pitch = rng.sample(RHYTHMS, 2), (low + high) // 2
    strokes = []
    for chord in chords:
        for cell in range(chord.beats // CELL_BEATS):
            start: float = chord.start + cell * CELL_BEATS
            for index, beats in enumerate(motif[int(start) // CELL_BEATS % len(motif)]):
                pitch = _next_pitch(pitch, pitches(chord.scale if index else chord.classes, low, high), rng)
                strokes.append(Stroke(start, beats, pitch, index == 0))
                start += beats
    return strokes


def _next_pitch(pitch: int, choices: list[int], rng: random.Random) -> int:
    """One of the three pitches that are nearest, but not the same."""
    return rng.choice(sorted((each for each in choices if each != pitch), key=lambda each: abs(each - pitch))[:3])


def accompaniment(chords: list[Chord], held: bool, rng: random.Random) -> list[Stroke]:
    """The chords in close position around middle c: as long as they last if the instrument holds its tones, else
    in a figure of half beats."""
    figure = rng.choice(FIGURES)
    voices: tuple[int, ...] = (55, 60, 64)
    strokes = []
    for chord in chords:
        voices = voicing(chord.classes, voices)
        if held:
            strokes += [Stroke(chord.start, chord.beats, pitch, True) for pitch in voices]
            continue
        for half in range(2 * chord.beats):
            played = figure[half % len(figure)]
            length = 1 if len(played) > 1 else 0.5
            strokes += [Stroke(chord.start + half / 2, length, voices[voice], half % 4 == 0) for voice in played]
    return strokes


def bass_line(chords: list[Chord], rng: random.Random) -> list[Stroke]:
    """The root on each beat, or the root and the fifth by turns."""
    second = rng.choice((0, 2))
    strokes = []
    for chord in chords:
        for beat in range(chord.beats):
            (pitch, *_) = pitches([chord.classes[second if beat % 2 else 0]], BASS.low, BASS.high)
            strokes.append(Stroke(chord.start + beat, 1, pitch, beat % 2 == 0))
    return strokes


def drum_beat(beats: int, rng: random.Random) -> list[Stroke]:
    """Bass drum on the first and third beat, or on all; snare on the second and fourth; hi-hat on each half beat."""
    every = rng.choice((1, 2))
    hats = [Stroke(half / 2, 0.5, CLOSED_HAT, half % 2 == 0) for half in range(2 * beats)]
    kicks = [Stroke(beat, 0.5, KICK, True) for beat in range(0, beats, every)]
    return [*hats, *kicks, *(Stroke(beat, 0.5, SNARE, True) for beat in range(1, beats, 2))]


def _note(stroke: Stroke, part: int, beat: float, seconds: float, rng: random.Random) -> Note | None:
    """The note of a stroke, `beat` being in seconds; None if it would begin too late."""
    velocity = (STRESSED if stroke.stressed else UNSTRESSED) + rng.randint(-SPREAD, SPREAD)
    start = round(stroke.start * beat, 6)
    end = round(min(seconds, (stroke.start + HELD * stroke.beats) * beat), 6)
    return Note(start, end, part, stroke.pitch, min(LOUDEST, velocity)) if end - start > SHORTEST_SECONDS else None
