"""Audio files as libsndfile is to read them: with the length in the header that the file really has.

libsndfile takes the headers of writers that stream at their word, and what is left of a file for a shorter one, or for
none. What it does was found by cutting files of each format and subtype that soundfile writes.
"""

import io
import mmap
import re
from typing import BinaryIO, NamedTuple

import numpy as np
from soundfile import LibsndfileError, SoundFile

from shared.audio import mpeg, ogg
from shared.audio.chunks import find_audio, packet_samples

NIST_LENGTH = rb"sample_count -i (\d+)"
NIST_HEADER = 1024
# STREAMINFO's count of samples: the lower half of this byte and the four after it (RFC 9639, section 8.2).
FLAC_LENGTH = 21
BLOCK = 1 << 16

Content = BinaryIO | mmap.mmap


class Mended(NamedTuple):
    """A file for libsndfile, and what it can't tell.

    `times`: how many times longer the audio is said to be than it is; `stated`: how long, in samples a channel, where
    that is known; `ends`: False if it breaks off where nothing says how long it should be.
    """

    file: Content
    times: float = 1.0
    stated: int | None = None
    ends: bool = True


def mended(file: BinaryIO) -> Mended:
    """The file as it is, or a copy in memory without what misleads libsndfile; at its first byte."""
    file = _without_tag(file)
    magic = file.read(4)
    if magic == ogg.MAGIC:
        result = Mended(file, ends=ogg.ends(file))
    elif magic == b"fLaC":
        result = _flac(file)
    elif magic == b"NIST":
        stated = re.search(NIST_LENGTH, file.read(NIST_HEADER))
        result = Mended(file, stated=int(stated[1]) if stated else None)
    elif magic[:1] == b"\xff":
        result = _mpeg(file)
    else:
        result = _chunks(file)
    result.file.seek(0)
    return result


def read_into(sound: SoundFile, audio: np.ndarray) -> tuple[int, LibsndfileError | None]:
    """Fill float (time, channels) with the next samples: how many there were, and what stopped it before the end.

    soundfile seeks after each read. Where the decoder stops early, or can't seek, that fails, and it says no more.
    """
    audio.fill(np.nan)
    try:
        return len(sound.read(out=audio)), None
    except LibsndfileError as error:
        missing = np.isnan(audio[:, 0])
        count = int(missing.argmax()) if missing.any() else len(audio)
        return count, None if count == len(audio) else error


def _without_tag(file: BinaryIO) -> BinaryIO:
    """The file from behind its ID3v2 tags on: libsndfile loses as many bytes of its end, or doesn't know it."""
    start = 0
    while True:
        file.seek(start)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            break
        size = 0
        for digit in head[6:]:
            size = size << 7 | digit & 0x7F
        start += 10 + size + (10 if head[5] & 0x10 else 0)
    file.seek(start)
    return io.BytesIO(file.read()) if start else file


def _chunks(file: BinaryIO) -> Mended:
    audio = find_audio(file)
    if audio is None:
        return Mended(file)
    file.seek(0)
    stated = packet_samples(file) if file.read(4) == b"caff" else None
    told = audio.held == audio.stated
    content = file if told else _patched(file, audio.field.at, audio.field.packed(audio.held))
    if not audio.held:
        return Mended(content, ends=not audio.claimed)
    return Mended(content, audio.claimed / audio.held if stated is None else 1.0, stated)


def _mpeg(file: BinaryIO) -> Mended:
    """Of an MP3 that doesn't say how long it is, libsndfile guesses that from one frame, and reads no more."""
    file.seek(0)
    content = file.read()
    frames = mpeg.find_frames(content)
    if frames is None or frames.tagged:
        return Mended(file)
    content = mpeg.tagged(content, frames.total) if frames.layer == 3 else content
    return Mended(io.BytesIO(content), ends=frames.whole)


def _flac(file: BinaryIO) -> Mended:
    """A FLAC that a pipe wrote says that it has no samples; libsndfile takes that for endless ones: count them."""
    file.seek(FLAC_LENGTH)
    field = file.read(5)
    if len(field) < 5 or field[0] & 0x0F or any(field[1:]):
        return Mended(file)
    file.seek(0)
    try:
        with SoundFile(file) as sound:
            count, error = _counted(sound)
    except LibsndfileError:
        return Mended(file)
    field = (field[0] << 32 | count).to_bytes(5, "big")
    return Mended(_patched(file, FLAC_LENGTH, field), ends="lost sync" not in error.error_string)


def _counted(sound: SoundFile) -> tuple[int, LibsndfileError]:
    """The samples of a file of unknown length, and the error at its end."""
    block = np.empty((BLOCK, sound.channels), np.float32)
    total, error = 0, None
    while error is None:
        count, error = read_into(sound, block)
        total += count
    return total, error


def _patched(file: BinaryIO, at: int, content: bytes) -> Content:
    """A copy of the file with other bytes in one place; of one on disk, only the page they are on is in memory."""
    copy: Content
    try:
        copy = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except io.UnsupportedOperation:
        file.seek(0)
        copy = io.BytesIO(file.read())
    copy.seek(at)
    copy.write(content)
    return copy
