import itertools

import pytest

from shared.corpora.espeak import synthesise
from shared.corpora.voices import ACCENTS, FEMALE, MALE, MOST_VOICES, draw_voices, speaker_name


def test_voices_differ_and_alternate_by_sex():
    voices = draw_voices(40, seed=0)
    assert len({speaker_name(voice) for voice in voices}) == 40
    assert all((voice.variant in FEMALE) == (index % 2 == 1) for index, voice in enumerate(voices))


def test_voices_with_one_variant_differ_in_accent_and_pitch():
    voices = draw_voices(MOST_VOICES, seed=3)
    assert len({speaker_name(voice) for voice in voices}) == MOST_VOICES
    same = [voice for voice in voices if voice.variant == FEMALE[0]]
    assert len({voice.accent for voice in same}) == len(same) == len(ACCENTS)
    assert all(abs(a.pitch - b.pitch) >= 5 for a, b in itertools.pairwise(same))


def test_the_first_voices_do_not_depend_on_the_count():
    assert draw_voices(10, seed=1) == draw_voices(60, seed=1)[:10]
    assert draw_voices(10, seed=1) != draw_voices(10, seed=2)


def test_too_many_voices():
    with pytest.raises(ValueError, match="there are"):
        draw_voices(MOST_VOICES + 1, seed=0)


def test_every_accent_and_variant_exists():
    for voice in draw_voices(2 * max(len(MALE), len(FEMALE)), seed=0):
        assert len(synthesise("go", voice)[0]) > 2000
    for accent in ACCENTS:
        assert len(synthesise("go", draw_voices(1, seed=0)[0]._replace(accent=accent))[0]) > 2000
