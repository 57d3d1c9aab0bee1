"""One level for clips that a model judges without a reference, as its answer depends on how loud they are.

    L = 20 log10 (RMS over the active frames),  active: 20 log10 RMS(frame) >= L - 15.9 dB

in dBov, full scale at 0, after the method of ITU-T P.56: its margin, over frames of 10 ms in place of its envelope and
without its hangover. Pauses don't count, nor does an offset, and neither does the gain with which a clip was written.

Peaks that get beyond full scale stay what they are; the models that take no such samples clip them, as a player would.
"""

import numpy as np

from shared.corpora.levels import frame_rms
from shared.metrics.failure import NotMeasured

# ITU-T P.56's and G.191's nominal level of speech, at which listening tests play it; in the middle of the -35 to -15
# dBFS at which the DNS Challenge, whose clips taught DNSMOS, makes its own.
SPEECH_DBOV = -26.0
# Of music, where -14 LUFS is what music generators write (audiocraft's audio_write) and what streaming services play.
# We found no level stated for MusicEval, whose clips taught MuQ-Eval.
MUSIC_DBOV = -14.0
MARGIN_DB = 15.9  # P.56
QUIETEST_DBOV = -80.0  # three steps of a 16-bit file, whose rounding would be amplified with anything quieter


def active_level(audio: np.ndarray, sample_rate: int) -> float:
    """Level in dBov of `(time,)` over its active frames; minus infinity if it is silent or empty."""
    if len(audio) == 0:
        return -np.inf
    power = np.sort(frame_rms(audio - audio.mean(dtype=np.float64), sample_rate) ** 2)[::-1]
    if not power.any():
        return -np.inf
    loudest = power.cumsum() / np.arange(1, len(power) + 1)  # mean of so many loudest frames
    active = np.flatnonzero(power >= loudest * 10 ** (-MARGIN_DB / 10))[-1]
    return float(10 * np.log10(loudest[active]))


def at_level(audio: np.ndarray, sample_rate: int, dbov: float) -> np.ndarray:
    """Scale `(time,)` to an active level in dBov.

    Raises:
        NotMeasured: it is empty, silent, not finite or quieter than `QUIETEST_DBOV`.
    """
    if not np.isfinite(audio).all():
        raise NotMeasured("the clip is not finite")
    level = active_level(audio, sample_rate)
    if level < QUIETEST_DBOV:
        raise NotMeasured(f"the clip is empty, silent or too quiet ({level:.0f} dBov)")
    return audio * np.float32(10 ** ((dbov - level) / 20))
