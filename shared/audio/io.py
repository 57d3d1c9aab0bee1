"""Audio files in and out: read anything soundfile reads, write PCM16, resample with soxr."""

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from shared.files import atomic_path

# A peak above this would clip when written as PCM16.
PEAK_LIMIT = 0.99
# What soundfile raises for content that is not audio, and for headerless samples (a file named `.raw`).
UNREADABLE = (soundfile.LibsndfileError, TypeError)


class AudioError(ValueError):
    """A file that cannot be read as audio; the message says why."""


def read_audio(source: Path | BinaryIO) -> tuple[np.ndarray, int]:
    """Read a whole audio file, or the bytes of one.

    Returns:
        (audio, rate): float32 of shape (time, channels), full scale at 1, and the sample rate in Hz.

    Raises:
        AudioError: the file is not readable as audio.
    """
    try:
        return soundfile.read(source, dtype="float32", always_2d=True)
    except UNREADABLE as error:
        raise _audio_error(error) from None


def audio_seconds(source: Path | BinaryIO) -> float:
    """The length that an audio file's header says it has, without decoding it.

    Raises:
        AudioError: the file is not readable as audio.
    """
    try:
        info = soundfile.info(source)
    except UNREADABLE as error:
        raise _audio_error(error) from None
    return info.duration * (_riff_excess(source) if info.format == "WAV" else 1)


def _riff_excess(source: Path | BinaryIO) -> float:
    """How many times larger than it is a WAV file says it is: more than 1 if its end is lost.

    libsndfile quietly takes such a file for a shorter one. Writers that stream leave a huge size or none.
    """
    file = open(source, "rb") if isinstance(source, Path) else source  # noqa: SIM115
    try:
        file.seek(4)
        claimed = int.from_bytes(file.read(4), "little") + 8
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
    finally:
        if file is not source:
            file.close()
    return claimed / size if size < claimed < 0x7FFFFFFF else 1


def read_mono(source: Path | BinaryIO, rate: int) -> np.ndarray:
    """Read an audio file as float32 (time,) at `rate` Hz: channels averaged, resampled if need be.

    Raises:
        AudioError: the file is not readable as audio.
    """
    audio, source_rate = read_audio(source)
    return resample(audio.mean(axis=1), source_rate, rate)


def read_channels(source: Path | BinaryIO, rate: int, channels: int) -> np.ndarray:
    """Read an audio file at `rate` Hz: float32 (time,) for one channel, (2, time) for two; mono becomes both of them.

    Raises:
        AudioError: the file is not readable as audio, or has more than two channels and two are asked for.
    """
    if channels == 1:
        return read_mono(source, rate)
    audio, source_rate = read_audio(source)
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


def _audio_error(error: soundfile.LibsndfileError | TypeError) -> AudioError:
    reason = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)
    return AudioError(f"not readable as audio ({reason.rstrip('.')})")
