import numpy as np
import pytest

from shared.corpora.manifest import CorpusError
from shared.corpora.pieces import Note, Part, Piece, chroma, load_pieces, write_pieces

PARTS = (
    Part(name="flute", program=73, pan=-0.5, level=0.0),
    Part(name="drums", program=0, pan=0.0, level=-5.0, drums=True),
)
NOTES = (
    Note(0.0, 0.5, 0, 60, 127),
    Note(0.0, 0.1, 1, 36, 100),
    Note(0.25, 0.65, 0, 76, 64),
    Note(0.7, 0.9, 0, 72, 127),
)
PIECE = Piece(seconds=1.0, tempo=120.0, parts=PARTS, notes=NOTES)


def test_chroma_is_the_share_of_a_frame_that_its_notes_are_held():
    found = chroma(PIECE, frame_rate=5.0, frames=5)
    expected = np.zeros((12, 5))
    expected[0] = [1, 1, 0.5, 0.5, 0.5]
    expected[4] = np.array([0, 0.75, 1, 0.25, 0]) * 64 / 127
    assert found.dtype == np.float32 and found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("rate", "frames"), [(10.767, 11), (43.066, 44), (1.0, 1)])
def test_the_sum_over_frames_is_the_time_held_whatever_the_frame_rate(rate, frames):
    held = np.zeros(12)
    held[[0, 4]] = 0.7, 0.4 * 64 / 127
    assert chroma(PIECE, rate, frames).sum(axis=1) / rate == pytest.approx(held, abs=1e-6)


def test_frames_beyond_the_end_are_empty():
    assert not chroma(PIECE, 10.0, 15)[:, 9:].any()


def test_round_trip(tmp_path):
    pieces = {"train-0": PIECE, "test-0": PIECE.model_copy(update={"notes": ()})}
    write_pieces(tmp_path / "manifest.json", pieces)
    assert load_pieces(tmp_path / "manifest.json") == pieces
    assert isinstance(load_pieces(tmp_path / "manifest.json")["train-0"].notes[0], Note)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "only music that was made here"), ("{}\n", "line 1"), ('{"id": "a"}\n', "line 1"), ("x", "line 1")],
)
def test_missing_and_broken_notes(tmp_path, content, message):
    if content is not None:
        (tmp_path / "notes.jsonl").write_text(content)
    with pytest.raises(CorpusError, match=message):
        load_pieces(tmp_path / "manifest.json")
