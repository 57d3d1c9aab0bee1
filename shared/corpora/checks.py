"""Why a clip cannot be used."""

from typing import Literal, NamedTuple

import numpy as np

from shared.corpora.levels import FRAME_SECONDS, frame_rms

# A frame is heard above this level; quiet recordings lie around -40 dBFS, the noise of 16 bits below -90.
AUDIBLE_DBFS = -60.0
# Seconds that a clip may be shorter or longer than allowed: resampling rounds, and a codec fills its last frame, which
# is 72 ms of an MP3 at 8 kHz.
ROUNDING = 0.01
PADDING = 0.08
# Power of a mix of channels, of what it is if they have nothing in common, below which they cancel: -20 dB.
CANCELLED = 0.01

Content = Literal["speech", "sound"]


class Demands(NamedTuple):
    """What a clip must have: `seconds` in all, `audible` seconds that are heard, and a text, which is called `text`."""

    seconds: float
    audible: float
    text: str


# The shortest words last 0.1 to 0.2 s; a click of a switch or a hit on a drum is heard for two or three frames.
DEMANDS: dict[Content, Demands] = {
    "speech": Demands(seconds=0.3, audible=0.1, text="transcript"),
    "sound": Demands(seconds=0.1, audible=0.02, text="caption"),
}


def text_problem(text: str, content: Content = "speech") -> str | None:
    """Why a transcript or caption cannot be used, or None."""
    if not text.strip():
        return f"empty {DEMANDS[content].text}"
    if not any(character.isalnum() for character in text):
        return f"{DEMANDS[content].text} without a word: {text.strip()!r}"
    return None


def length_problem(seconds: float, least: float, most: float) -> str | None:
    """Why a clip of this length cannot be used, or None; all in seconds. What rounding or padding adds is allowed."""
    if seconds <= least - ROUNDING:
        return f"too short: {seconds:.2f} s, min_seconds is {least:g}"
    if seconds > most + PADDING:
        return f"too long: {seconds:.2f} s, max_seconds is {most:g}"
    return None


def audio_problem(audio: np.ndarray, rate: int, content: Content = "speech") -> str | None:
    """Why the samples, (time,) or (channels, time) at `rate` Hz, cannot be used, or None.

    A constant offset is no sound; what is heard in one of two channels is heard.
    """
    if not np.isfinite(audio).all():
        return "samples that are not finite"
    channels = [channel for channel in np.atleast_2d(audio) if len(channel)]
    levels = np.max([frame_rms(channel - channel.mean(), rate) for channel in channels] or np.zeros((1, 1)), axis=0)
    heard = levels > 10 ** (AUDIBLE_DBFS / 20)
    least = DEMANDS[content].audible
    if heard.sum() * FRAME_SECONDS < least:
        return f"silent: less than {least:g} s above {AUDIBLE_DBFS:g} dBFS"
    return None


def mix_problem(audio: np.ndarray, rate: int, content: Content = "speech") -> str | None:
    """Why (time, channels) at `rate` Hz, of which some are heard, cannot be mixed to mono, or None."""
    if audio_problem(audio.T, rate, content):
        return None
    count = audio.shape[1]
    centred = audio.astype(np.float64) - audio.mean(axis=0, dtype=np.float64)
    unrelated = (centred**2).sum() / count**2
    if (centred.mean(axis=1) ** 2).sum() >= CANCELLED * unrelated:
        return None
    names = "left and right" if count == 2 else f"its {count} channels"
    return f"{names} cancel when mixed to mono: turn one upside down, or take channels: 2"


def clip_problem(
    audio: np.ndarray, rate: int, text: str, least: float, most: float, content: Content = "speech"
) -> str | None:
    """The first reason why a clip cannot be used, or None: its text, its length, its samples."""
    length = length_problem(audio.shape[-1] / rate, least, most)
    return text_problem(text, content) or length or audio_problem(audio, rate, content)
