"""Read an audio file if all of it is there: what it says that it holds, against what it holds.

Files in PAF, PVF, IRCAM, XI and SD2 do not say how long they are: a half of one is not told from a whole one.
"""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from soundfile import LibsndfileError, SoundFile

from shared.audio.mend import Content, Mended, mended, read_into
from shared.user_files import AUDIO, Refused, open_file

# Seconds: less than this is lost by rounding.
TOLERANCE = 0.01
# What libsndfile reads in a header but keeps to its log: the length, in samples a channel.
LOGGED = {
    "AVR": r"Frames\s*: (\d+)",
    "MPC2K": r"Frames\s*: (\d+)",
    "MAT4": r"Cols\s*: (\d+)",
    "MAT5": r"Cols\s*: (\d+)",
    "WVE": r"Data length (\d+)",
}


class AudioError(ValueError):
    """A file that cannot be read as audio, or whose end is lost; the message says why."""


class Opened(NamedTuple):
    """A file to read: `seconds` are what it says that it holds, of which less may be there; `ends` as in Mended."""

    file: Content
    sound: SoundFile
    seconds: float
    ends: bool


@contextmanager
def opened(source: Path | BinaryIO) -> Iterator[Opened]:
    """Open an audio file, or the bytes of one; what it is, its content says, not its name.

    Raises:
        AudioError: the file is not readable as audio.
    """
    with _file(source) as file:
        whole = mended(file)
        try:
            with SoundFile(source if _is_sd2(source) else whole.file) as sound:
                yield Opened(whole.file, sound, _seconds(sound, whole), whole.ends and not _noted_as_cut(sound))
        except LibsndfileError as error:
            if whole.times > 1 or not whole.ends:
                raise AudioError("cut off: what is left is not readable as audio") from None
            raise AudioError(f"not readable as audio ({error.error_string.rstrip('.')})") from None


def read_whole(opened: Opened, most: float = math.inf) -> np.ndarray:
    """The samples of a file, float32 (time, channels): all, or those of the first `most` seconds.

    Raises:
        AudioError: some of them are lost, at the end or before.
    """
    sound = opened.sound
    audio = np.empty((int(min(sound.frames, most * sound.samplerate)), sound.channels), np.float32)
    count, error = read_into(sound, audio)
    seconds = count / sound.samplerate
    if seconds < min(opened.seconds, most) - _tolerance(sound):
        fault = "damaged" if error and _has_end(opened.file) else "cut off"
        raise AudioError(f"{fault}: {seconds:.2f} s of {opened.seconds:.2f} s")
    if not opened.ends and seconds < most - TOLERANCE:
        raise AudioError(f"cut off: {seconds:.2f} s, then it breaks off")
    return audio[:count]


@contextmanager
def _file(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    if not isinstance(source, Path):
        source.seek(0)
        yield source
        return
    # No name is passed on: soundfile takes `a.raw` for headerless samples, whatever is in it, and libsndfile takes
    # what macOS leaves beside an MP3 (`._a.mp3`) for the sound.
    try:
        file = open_file(source, most=AUDIO)
        for each in _companions(source):
            open_file(each).close()
    except FileNotFoundError:
        raise AudioError("no such file") from None
    except Refused as error:
        raise AudioError(error.reason) from None
    except OSError as error:
        raise AudioError(f"not readable ({error.strerror})") from None
    with file:
        yield file


def _seconds(sound: SoundFile, whole: Mended) -> float:
    logged = re.findall(LOGGED[sound.format], sound.extra_info) if sound.format in LOGGED else []
    frames = int(logged[-1]) if logged else whole.stated or sound.frames
    return max(frames, sound.frames) / sound.samplerate * whole.times


def _is_sd2(source: Path | BinaryIO) -> bool:
    """Whether the format is in a companion of the file, which libsndfile finds by its name."""
    return isinstance(source, Path) and source.suffix.lower() == ".sd2"


def _companions(source: Path) -> list[Path]:
    """The files that libsndfile opens beside one in SD2, as far as they are there."""
    if not _is_sd2(source):
        return []
    beside = source.with_name(f"._{source.name}"), source.parent / ".AppleDouble" / source.name
    return [each for each in beside if each.exists()]


def _noted_as_cut(sound: SoundFile) -> bool:
    """Whether libsndfile noted that the end is lost, as it does of a VOC.

    Raises:
        AudioError: it is an SDS whose end is lost; of that, libsndfile makes up what is missing.
    """
    if sound.format == "SDS":
        left = int(re.findall(r"Frames\s*: (\d+)", sound.extra_info)[-1])
        if left < sound.frames:
            raise AudioError(f"cut off: {left / sound.samplerate:.2f} s of {sound.frames / sound.samplerate:.2f} s")
    return "truncated file" in sound.extra_info


def _tolerance(sound: SoundFile) -> float:
    """Seconds by which a whole file may be shorter than it says: of an MP3, some writers count a frame too many."""
    if sound.format != "MP3":
        return TOLERANCE
    return TOLERANCE + (1152 if sound.samplerate >= 32000 else 576) / sound.samplerate


def _has_end(file: Content) -> bool:
    """Whether the last sample of a file can be read, so that what stops the decoder lies before it."""
    file.seek(0)
    try:
        with SoundFile(file) as sound:
            sound.seek(sound.frames - 1)
            return len(sound.read(1)) == 1
    except LibsndfileError:
        return False
