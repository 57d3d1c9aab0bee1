"""Notes to stereo sound: tinysoundfont plays the General MIDI sound font that comes with pretty_midi."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from shared.audio.io import resample
from shared.config import ConfigError
from shared.corpora.pieces import Note, Part, Piece

FONT = "TimGM6mb.sf2"
# Rendered at this rate in Hz, that of the font's samples, and then resampled: the player interpolates without a filter.
RENDER_RATE = 44100
# After this time nothing is left of a note that the player was told to drop.
SILENT_SECONDS = 0.1
FADE_SECONDS = 0.02


class SoundFontError(ConfigError):
    """The sound font or its player is not installed."""


class SoundFont:
    """The sound font, loaded once. What it renders does not depend on what it rendered before."""

    def __init__(self) -> None:
        try:
            from tinysoundfont import Synth
        except ImportError:
            raise SoundFontError("music needs tinysoundfont: `make env` installs it (envs/music.txt)") from None
        self._player = Synth(samplerate=RENDER_RATE)
        self._font = self._player.sfload(str(font_path()))

    def render(self, piece: Piece, rate: int) -> np.ndarray:
        """The sound of a piece at `rate` Hz: float32 (2, time), left first, at no level in particular.

        Each part is rendered by itself and brought to its level and place; the end is faded out over 20 ms.
        """
        mix = np.zeros((2, round(piece.seconds * RENDER_RATE)), dtype=np.float32)
        for place, part in enumerate(piece.parts):
            stem = self.render_part(part, [note for note in piece.notes if note.part == place], piece.seconds)
            mix += place_part(stem, part)
        fade = round(FADE_SECONDS * RENDER_RATE)
        mix[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
        mix = np.ascontiguousarray(resample(np.ascontiguousarray(mix.T), RENDER_RATE, rate).T)
        return _exactly(mix, round(piece.seconds * rate))

    def render_part(self, part: Part, notes: list[Note], seconds: float) -> np.ndarray:
        """What one part plays, as the font has it: float32 (2, time) at `RENDER_RATE`."""
        player = self._player
        player.soundfonts[self._font].reset()
        player.generate_simple(round(SILENT_SECONDS * RENDER_RATE))
        player.program_change(0, part.program, part.drums)
        size, done, chunks = round(seconds * RENDER_RATE), 0, []
        for time, velocity, pitch in _events(notes):
            if (count := min(round(time * RENDER_RATE), size) - done) > 0:
                chunks.append(self._generate(count))
                done += count
            if velocity:
                player.noteon(0, pitch, velocity)
            else:
                player.noteoff(0, pitch)
        return np.concatenate([*chunks, self._generate(size - done)]).T

    def _generate(self, count: int) -> np.ndarray:
        """The next `count` samples, (time, 2)."""
        return np.frombuffer(self._player.generate_simple(count), dtype=np.float32).reshape(count, 2)


def place_part(stem: np.ndarray, part: Part) -> np.ndarray:
    """A part (2, time) at its level, and where its pan puts it with constant power:

    left = cos a, right = sin a, a = (pan + 1) pi / 4; so left is 20 log10(cot a) dB louder than right, exactly.

    A sound font's instruments differ in loudness by 20 dB, and some of its samples have sides of their own, which its
    player only shifts; hence both channels are brought to one RMS first.
    """
    levels = np.sqrt((stem.astype(np.float64) ** 2).mean(axis=1))
    angle = (part.pan + 1) * np.pi / 4
    gains = 10 ** (part.level / 20) * np.array([np.cos(angle), np.sin(angle)])
    return stem * (gains / np.where(levels > 0, levels, 1))[:, None].astype(np.float32)


def font_path() -> Path:
    """Where the sound font lies; pretty_midi is not imported.

    Raises:
        SoundFontError: pretty_midi is not installed, or has no such font.
    """
    package = find_spec("pretty_midi")
    for folder in package.submodule_search_locations or () if package else ():
        if (path := Path(folder) / FONT).is_file():
            return path
    raise SoundFontError(f"music needs {FONT} of pretty_midi: `make env` installs it (envs/music.txt)")


def _events(notes: list[Note]) -> list[tuple[float, int, int]]:
    """(seconds, velocity, pitch) in order; a velocity of 0 ends a note, and comes before what begins at the time."""
    begins = [(note.start, note.velocity, note.pitch) for note in notes]
    return sorted([*begins, *((note.end, 0, note.pitch) for note in notes)])


def _exactly(audio: np.ndarray, size: int) -> np.ndarray:
    """(2, time) cut or padded with zeros to `size`: resampling can be a sample off."""
    return np.pad(audio[:, :size], ((0, 0), (0, max(0, size - audio.shape[1]))))
