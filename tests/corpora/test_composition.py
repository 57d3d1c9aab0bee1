import itertools
import random

import pytest

from shared.corpora.composition import CHORD_BEATS, chord_sequence, compose
from shared.corpora.harmony import OCTAVE, scale, triad
from shared.corpora.instruments import BASS, CLOSED_HAT, INSTRUMENTS, KICK, SNARE
from shared.corpora.styles import TEMPI, Style, StylePlan, plan_styles

STYLES = [item.style for item in plan_styles(StylePlan(parts=3, clips=200, validation=1, test=1), seed=3)][:60]
FULL = Style("violin", "piano", True, True, "medium", 2, "minor")


def played(piece, name):
    place = [part.name for part in piece.parts].index(name)
    return [note for note in piece.notes if note.part == place]


@pytest.mark.parametrize("style", STYLES)
def test_a_piece_has_the_players_the_tempo_and_the_length_of_its_style(style):
    piece = compose(style, 4.0, random.Random(0))
    expected = [style.lead, *([style.backing] if style.backing else []), *["bass"] * style.bass]
    assert [part.name for part in piece.parts] == [*expected, *["drums"] * style.drums]
    low, high = TEMPI[style.tempo]
    assert low <= piece.tempo <= high and piece.seconds == 4.0
    assert all(0 <= note.start < note.end <= 4.0 and 0 < note.velocity < 128 for note in piece.notes)
    for place, part in enumerate(piece.parts):
        ends = [note.end for note in piece.notes if note.part == place]
        assert ends and (part.drums or max(ends) > 4.0 - 2.2 * 60 / piece.tempo), part.name


@pytest.mark.parametrize("style", STYLES)
def test_every_note_is_of_the_scale_that_its_chord_has(style):
    piece, beats = compose(style, 6.0, random.Random(1)), CHORD_BEATS[style.tempo]
    classes = set(scale(style.tonic, style.mode, 1)) | set(scale(style.tonic, style.mode, 5))
    tonic_chord = set(triad(style.tonic, style.mode, 1))
    for note in piece.notes:
        if not piece.parts[note.part].drums:
            assert note.pitch % OCTAVE in classes
            if note.start * piece.tempo / 60 < beats - 0.01 and note.part != 0:
                assert note.pitch % OCTAVE in tonic_chord
    lead = INSTRUMENTS[style.lead]
    tune = played(piece, style.lead)
    assert tune[0].pitch % OCTAVE in tonic_chord and all(lead.low <= note.pitch <= lead.high for note in tune)


@pytest.mark.parametrize("seed", range(10))
def test_melodies_move_in_small_steps_and_do_not_stand_still(seed):
    tune = [note.pitch for note in played(compose(FULL, 20.0, random.Random(seed)), "violin")]
    steps = [abs(after - before) for before, after in itertools.pairwise(tune)]
    assert min(steps) > 0 and max(steps) <= OCTAVE and sum(steps) / len(steps) < 5 and len(set(tune)) > 4


def test_backing_and_bass_and_drums():
    piece = compose(FULL, 10.0, random.Random(0))
    voices = {note.pitch for note in played(piece, "piano")}
    assert min(voices) >= 45 and max(voices) <= 76
    beat = 60 / piece.tempo
    for index, note in enumerate(played(piece, "bass")):
        assert note.start == pytest.approx(index * beat, abs=1e-5) and BASS.low <= note.pitch <= BASS.high
    roots = [note.pitch % OCTAVE for note in played(piece, "bass")][:: CHORD_BEATS["medium"]]
    chords = chord_sequence(FULL, len(played(piece, "bass")), random.Random(0))
    assert roots[0] == FULL.tonic and len(roots) == len(chords)
    hits = {key: [note.start / beat for note in played(piece, "drums") if note.pitch == key] for key in (KICK, SNARE)}
    assert hits[SNARE] == pytest.approx(range(1, 2 * len(hits[SNARE]), 2), abs=1e-4)
    assert hits[KICK][0] == 0 and len(hits[KICK]) >= len(hits[SNARE])
    assert {note.pitch for note in played(piece, "drums")} == {KICK, SNARE, CLOSED_HAT}


def test_lead_and_backing_sit_on_opposite_sides_and_the_rest_in_the_middle():
    sides = set()
    for seed in range(20):
        lead, backing, bass, drums = (part.pan for part in compose(FULL, 2.0, random.Random(seed)).parts)
        assert lead == -backing and 0.25 <= abs(lead) <= 0.85 and bass == drums == 0
        sides.add(lead > 0)
    assert sides == {False, True}


def test_the_notes_follow_the_generator():
    one, same, other = (compose(FULL, 4.0, random.Random(seed)) for seed in (1, 1, 2))
    assert one == same != other
