import numpy as np
import pytest

from shared.corpora.pieces import Note, Part, Piece
from shared.metrics.chroma import chroma_agreement
from shared.metrics.failure import NotMeasured

PARTS = (
    Part(name="flute", program=73, pan=0.0, level=0.0),
    Part(name="drums", program=0, pan=0.0, level=0.0, drums=True),
)


def piece(*pitches: int, part: int = 0) -> Piece:
    """Half a second of each pitch, one after the other."""
    notes = tuple(Note(0.5 * place, 0.5 * place + 0.5, part, pitch, 100) for place, pitch in enumerate(pitches))
    return Piece(seconds=0.5 * len(pitches), tempo=120.0, parts=PARTS, notes=notes)


def play(*pitches: int, rate: int = 16000) -> np.ndarray:
    """The same as sines."""
    time = np.arange(rate // 2) / rate
    tones = [np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time) for pitch in pitches]
    return 0.3 * np.concatenate(tones).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_a_clip_that_plays_its_notes_is_near_1_in_any_octave(rate):
    for octave in (0, 12):
        assert chroma_agreement(play(60 + octave, 64, 67, rate=rate), rate, piece(60, 64, 67)) > 0.8


def test_other_notes_and_another_order_are_far_below():
    own = chroma_agreement(play(60, 64, 67), 16000, piece(60, 64, 67))
    assert chroma_agreement(play(61, 66, 69), 16000, piece(60, 64, 67)) < 0.1
    assert chroma_agreement(play(67, 60, 64), 16000, piece(60, 64, 67)) < own - 0.5


def test_silence_agrees_with_nothing_and_level_does_not_matter():
    assert chroma_agreement(np.zeros(24000, dtype=np.float32), 16000, piece(60, 64, 67)) == 0
    loud = play(60, 64)
    assert chroma_agreement(0.01 * loud, 16000, piece(60, 64)) == pytest.approx(
        chroma_agreement(loud, 16000, piece(60, 64)), abs=1e-4
    )


@pytest.mark.parametrize(
    ("clip", "notes", "message"),
    [
        (np.zeros(1000, np.float32), piece(60), "too few"),
        (np.full(16000, np.nan, np.float32), piece(60), "not finite"),
        (play(60, 60), piece(40, part=1), "no note with a pitch"),
    ],
)
def test_what_can_not_be_compared_is_not_measured(clip, notes, message):
    with pytest.raises(NotMeasured, match=message):
        chroma_agreement(clip, 16000, notes)
