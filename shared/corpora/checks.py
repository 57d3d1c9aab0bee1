"""Why a clip cannot be used."""

import numpy as np

from shared.corpora.levels import FRAME_SECONDS, frame_rms

# A frame is heard above this level; quiet recordings lie around -40 dBFS, the noise of 16 bits below -90.
AUDIBLE_DBFS = -60.0
# Less than this much above it is no utterance: the shortest words last 0.1 to 0.2 s.
LEAST_AUDIBLE_SECONDS = 0.1
# Share of the length in its header that a file must decode to: compressed formats give it roughly.
LEAST_WHOLE = 0.9


def text_problem(text: str) -> str | None:
    """Why a transcript cannot be used, or None."""
    if not text.strip():
        return "empty transcript"
    if not any(character.isalnum() for character in text):
        return f"transcript without a word: {text.strip()!r}"
    return None


def length_problem(seconds: float, least: float, most: float) -> str | None:
    """Why a clip of this length cannot be used, or None; all in seconds."""
    if seconds < least:
        return f"too short: {seconds:.2f} s, min_seconds is {least:g}"
    if seconds > most:
        return f"too long: {seconds:.2f} s, max_seconds is {most:g}"
    return None


def cut_problem(seconds: float, claimed: float) -> str | None:
    """Why a clip that decodes to `seconds`, of `claimed` in its header, cannot be used, or None."""
    if seconds < LEAST_WHOLE * claimed:
        return f"cut off: {seconds:.2f} s of {claimed:.2f} s"
    return None


def audio_problem(audio: np.ndarray, rate: int) -> str | None:
    """Why the samples (time,) at `rate` Hz cannot be used, or None. A constant offset is no sound."""
    if not np.isfinite(audio).all():
        return "samples that are not finite"
    heard = frame_rms(audio - audio.mean(), rate) > 10 ** (AUDIBLE_DBFS / 20) if len(audio) else np.zeros(1)
    if heard.sum() * FRAME_SECONDS < LEAST_AUDIBLE_SECONDS:
        return f"silent: less than {LEAST_AUDIBLE_SECONDS:g} s above {AUDIBLE_DBFS:g} dBFS"
    return None


def clip_problem(audio: np.ndarray, rate: int, text: str, least: float, most: float) -> str | None:
    """The first reason why a clip cannot be used, or None: its transcript, its length, its samples."""
    return text_problem(text) or length_problem(len(audio) / rate, least, most) or audio_problem(audio, rate)
