"""Read an audio file if all of it is there: what it says that it holds, against what it holds.

Files in PAF, PVF, IRCAM, XI and SD2 do not say how long they are: a half of one is not told from a whole one.
"""

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from soundfile import LibsndfileError, SoundFile

from shared.audio.mend import Content, Mended, mended, read_into

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
    if not source.is_file():  # a FIFO would be waited for
        raise AudioError("not a file" if source.exists() else "no such file")
    # No name is passed on: soundfile takes `a.raw` for headerless samples, whatever is in it, and libsndfile takes
    # what macOS leaves beside an MP3 (`._a.mp3`) for the sound.
    try:
        file = open(os.open(source, os.O_RDONLY), "rb")  # noqa: SIM115
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
