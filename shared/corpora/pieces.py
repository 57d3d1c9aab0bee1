"""A piece of music as notes, which are kept beside the clips, and the chroma that follows from them exactly."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import Field

from shared.config import Strict
from shared.corpora.harmony import OCTAVE
from shared.corpora.manifest import CorpusError
from shared.files import write_text

LOUDEST = 127


class Note(NamedTuple):
    """A note: `start` and `end` in seconds, the place of its part, MIDI pitch, and MIDI velocity from 1 to 127.

    The pitch of a drum is its key in the drum kit.
    """

    start: float
    end: float
    part: int
    pitch: int
    velocity: int


class Part(Strict):
    """Who plays.

    Attributes:
        name: as in the caption; "bass" and "drums" are parts, too.
        program: of General MIDI, counted from 0; of a drum kit, 0.
        pan: from -1, left, to 1, right.
        level: loudness relative to the other parts, in dB.
        drums: a drum kit, whose notes have no pitch.
    """

    name: str
    program: int = Field(ge=0, le=127)
    pan: float = Field(ge=-1, le=1)
    level: float
    drums: bool = False


class Piece(Strict):
    """A piece of `seconds` at `tempo` beats a minute."""

    seconds: float
    tempo: float
    parts: tuple[Part, ...]
    notes: tuple[Note, ...]


def chroma(piece: Piece, frame_rate: float, frames: int) -> np.ndarray:
    """How much each pitch class sounds in each frame: float32 (12, frames), c first.

    chroma[k, t] = sum over the notes of pitch class k of velocity / 127 * share of frame t in which the note is held.

    Frame t lasts from t to t + 1 divided by `frame_rate` in Hz. Drums don't count. A tone's decay and its overtones are
    the instrument's, not the note's, and are left out: this is what is written, not what a spectrum shows.
    """
    edges = np.arange(frames + 1) / frame_rate
    total = np.zeros((OCTAVE, frames))
    for note in piece.notes:
        if not piece.parts[note.part].drums:
            held = np.minimum(note.end, edges[1:]) - np.maximum(note.start, edges[:-1])
            total[note.pitch % OCTAVE] += note.velocity / LOUDEST * np.maximum(0, held) * frame_rate
    return total.astype(np.float32)


def write_pieces(manifest_path: Path, pieces: dict[str, Piece]) -> None:
    """Write the notes of a corpus, by its clips' ids, beside its manifest: one line of JSON each.

    One file for all, since each file that is safely written costs a wait for the disk.
    """
    lines = (json.dumps({"id": name, **piece.model_dump(mode="json")}) for name, piece in pieces.items())
    write_text(_notes_file(manifest_path), "".join(f"{line}\n" for line in lines))


def load_pieces(manifest_path: Path) -> dict[str, Piece]:
    """The notes of a corpus of made-up music, by its clips' ids.

    Raises:
        CorpusError: there are none, as of recordings, or the file is damaged.
    """
    path, pieces = _notes_file(manifest_path), {}
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            fields = json.loads(line)
            name = fields.pop("id")
            pieces[name] = Piece.model_validate(fields)
    except FileNotFoundError:
        raise CorpusError(f"{path}: no such file; only music that was made here has notes") from None
    except (ValueError, KeyError) as error:  # JSON, its fields, and no id
        reason = str(error).splitlines()[0]
        raise CorpusError(f"{path}: line {len(pieces) + 1}: not the notes of a piece ({reason})") from None
    return pieces


def _notes_file(manifest_path: Path) -> Path:
    return Path(manifest_path).with_name("notes.jsonl")
