"""Audio files in and out: read anything soundfile reads, write PCM16, resample with soxr."""

import math
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from shared.audio.whole import AudioError, opened, read_whole
from shared.files import atomic_path

# A peak above this would clip when written as PCM16.
PEAK_LIMIT = 0.99


def read_audio(source: Path | BinaryIO, most: float = math.inf) -> tuple[np.ndarray, int]:
    """Read a whole audio file, or the bytes of one; of a longer one than `most` seconds, the beginning.

    Returns:
        (audio, rate): float32 of shape (time, channels), full scale at 1, and the sample rate in Hz.

    Raises:
        AudioError: the file is not readable as audio, or a part of what is to be read is lost.
    """
    with opened(source) as file:
        return read_whole(file, most), file.sound.samplerate


def read_part(path: Path, start: int, stop: int) -> np.ndarray:
    """The samples from `start` to `stop` of a file that is known to be whole, as `write_pcm16` leaves it.

    Returns:
        float32 of shape (time, channels).

    Raises:
        AudioError: the file is not readable as audio, or ends before.
    """
    try:
        with soundfile.SoundFile(path) as sound:
            sound.seek(min(start, sound.frames))
            audio = sound.read(stop - start, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"not readable as audio ({error.error_string.rstrip('.')})") from None
    if len(audio) < stop - start:
        raise AudioError(f"cut off: {start + len(audio)} samples of {stop}")
    return audio


def audio_seconds(source: Path | BinaryIO) -> float:
    """The length that an audio file says it has, be that there or not, without decoding it.

    Raises:
        AudioError: the file is not readable as audio.
    """
    with opened(source) as file:
        return file.seconds


def read_mono(source: Path | BinaryIO, rate: int) -> np.ndarray:
    """Read an audio file as float32 (time,) at `rate` Hz: channels averaged, resampled if need be.

    Raises:
        AudioError: as in `read_audio`.
    """
    return read_channels(source, rate, 1)


def read_channels(source: Path | BinaryIO, rate: int, channels: int) -> np.ndarray:
    """Read an audio file at `rate` Hz: as `to_channels` gives it.

    Raises:
        AudioError: as in `read_audio` and `to_channels`.
    """
    return to_channels(*read_audio(source), rate, channels)


def to_channels(audio: np.ndarray, source_rate: int, rate: int, channels: int) -> np.ndarray:
    """(time, any channels) at `rate` Hz: (time,) for one channel, (2, time) for two; mono becomes both of them.

    Raises:
        AudioError: it has more than two channels and two are asked for.
    """
    if channels == 1:
        return resample(audio.mean(axis=1), source_rate, rate)
    if audio.shape[1] > channels:
        raise AudioError(f"{audio.shape[1]} channels, of which no two are known to be left and right")
    both = np.broadcast_to(audio, (len(audio), channels))
    return np.ascontiguousarray(resample(np.ascontiguousarray(both), source_rate, rate).T)


def mix_down(audio: np.ndarray) -> np.ndarray:
    """(time,) as it is, or the mean of (channels, time) over its channels: (time,)."""
    return audio if audio.ndim == 1 else audio.mean(axis=0)


def resample(audio: np.ndarray, source_rate: int, rate: int) -> np.ndarray:
    """Resample (time,) or (time, channels) from `source_rate` to `rate` Hz at soxr's high quality."""
    if source_rate == rate:
        return audio
    return soxr.resample(audio, source_rate, rate, quality="HQ")


def limit_peak(audio: np.ndarray, limit: float = PEAK_LIMIT) -> np.ndarray:
    """Scale (time,) or (channels, time) down, as a whole, so that no sample exceeds `limit`, or not at all."""
    peak = float(np.abs(audio).max(initial=0.0))
    return audio * np.float32(limit / peak) if peak > limit else audio


def write_pcm16(path: Path, audio: np.ndarray, rate: int) -> None:
    """Write float (time,) or (2, time) in [-1, 1] as a 16-bit WAV file, atomically; equal audio gives equal bytes.

    Samples are rounded to the nearest level and clipped at full scale.
    """
    if audio.ndim != 1 and audio.shape[:-1] != (2,):
        raise ValueError(f"expected (time,) or (2, time), got shape {audio.shape}")
    levels = np.clip(np.rint(np.asarray(audio.T, dtype=np.float64) * 32768), -32768, 32767).astype(np.int16)
    with atomic_path(path) as temporary:
        soundfile.write(temporary, levels, rate, format="WAV", subtype="PCM_16")
