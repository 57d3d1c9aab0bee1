import pytest

from shared.corpora.harmony import MODES, OCTAVE, PROGRESSIONS, TONICS, pitches, scale, triad, voicing


def names(classes) -> str:
    return ", ".join(TONICS[each] for each in classes)


@pytest.mark.parametrize(
    ("tonic", "mode", "step", "expected"),
    [
        ("c", "major", 1, "c, d, e, f, g, a, b"),
        ("d", "major", 5, "d, e, f sharp, g, a, b, c sharp"),
        ("a", "minor", 1, "a, b, c, d, e, f, g"),
        ("a", "minor", 5, "a, b, c, d, e, f, a flat"),
        ("c", "minor", 7, "c, d, e flat, f, g, a flat, b flat"),
    ],
)
def test_scales(tonic, mode, step, expected):
    assert names(scale(TONICS.index(tonic), mode, step)) == expected


@pytest.mark.parametrize(
    ("tonic", "mode", "step", "expected"),
    [
        ("c", "major", 1, "c, e, g"),
        ("c", "major", 6, "a, c, e"),
        ("g", "major", 5, "d, f sharp, a"),
        ("a", "minor", 1, "a, c, e"),
        ("a", "minor", 5, "e, a flat, b"),
        ("a", "minor", 7, "g, b, d"),
        ("f sharp", "minor", 6, "d, f sharp, a"),
    ],
)
def test_chords(tonic, mode, step, expected):
    assert names(triad(TONICS.index(tonic), mode, step)) == expected


@pytest.mark.parametrize("mode", MODES)
def test_every_chord_of_every_progression_is_major_or_minor(mode):
    for progression in PROGRESSIONS[mode]:
        assert progression[0] == 1 and len(progression) == 4
        for step in progression:
            root, third, fifth = triad(0, mode, step)
            assert (fifth - root) % OCTAVE == 7 and (third - root) % OCTAVE in (3, 4)


def test_pitches_are_all_of_a_range():
    assert pitches((0, 4, 7), 60, 72) == [60, 64, 67, 72]


def test_a_voicing_moves_as_little_as_it_can():
    assert voicing((0, 4, 7), (60, 64, 67)) == (60, 64, 67)
    assert voicing((5, 9, 0), (60, 64, 67)) == (60, 65, 69)
    assert voicing((7, 11, 2), (60, 64, 67)) == (59, 62, 67)
