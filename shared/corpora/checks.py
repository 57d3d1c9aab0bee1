"""Why a clip cannot be used."""

from typing import Literal, NamedTuple

import numpy as np

from shared.corpora.levels import FRAME_SECONDS, frame_rms

# A frame is heard above this level; quiet recordings lie around -40 dBFS, the noise of 16 bits below -90.
AUDIBLE_DBFS = -60.0
# Share of the length in its header that a file must decode to: compressed formats give it roughly.
LEAST_WHOLE = 0.9

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


def clip_problem(
    audio: np.ndarray, rate: int, text: str, least: float, most: float, content: Content = "speech"
) -> str | None:
    """The first reason why a clip cannot be used, or None: its text, its length, its samples."""
    length = length_problem(audio.shape[-1] / rate, least, most)
    return text_problem(text, content) or length or audio_problem(audio, rate, content)
