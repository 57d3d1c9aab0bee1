"""Silence and level of made-up clips: where the speech is, and how loud."""

import numpy as np

from shared.audio.io import limit_peak

FRAME_SECONDS = 0.01
# Frames below this level, relative to the loudest frame, are silence around the speech.
SILENCE_DB = -45.0
MARGIN_SECONDS = 0.05
# About -23 dBFS, the level of broadcast speech.
SPEECH_RMS = 0.07


def frame_rms(audio: np.ndarray, rate: int) -> np.ndarray:
    """RMS of each 10 ms frame of (time,): shape (frames,); the last frame is padded with zeros."""
    size = max(1, round(FRAME_SECONDS * rate))
    frames = np.pad(audio.astype(np.float64), (0, -len(audio) % size)).reshape(-1, size)
    return np.sqrt((frames**2).mean(axis=1))


def trim_silence(audio: np.ndarray, rate: int) -> np.ndarray:
    """Cut (time,) to its speech with 50 ms around it, padded with zeros where there was less."""
    levels = frame_rms(audio, rate)
    loud = np.flatnonzero(levels > levels.max(initial=0.0) * 10 ** (SILENCE_DB / 20))
    if len(loud) == 0:
        return audio
    size, margin = max(1, round(FRAME_SECONDS * rate)), round(MARGIN_SECONDS * rate)
    start, end = loud[0] * size - margin, (loud[-1] + 1) * size + margin
    padding = (max(0, -start), max(0, end - len(audio)))
    return np.pad(audio[max(0, start) : end], padding)


def normalise_level(audio: np.ndarray, rms: float = SPEECH_RMS) -> np.ndarray:
    """Scale (time,) or (channels, time) to `rms` in all, or to less if its peaks would clip; silence stays."""
    level = float(np.sqrt((audio.astype(np.float64) ** 2).mean()))
    return limit_peak(audio * np.float32(rms / level)) if level > 0 else audio
