"""espeak-ng through ctypes: text to samples, the same bytes for the same request whatever came before."""

import atexit
import ctypes
import functools
import os
import shutil
import tempfile
from _ctypes import dlclose
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import espeakng_loader
import numpy as np

from shared.config import ConfigError

# Values of espeak-ng's speak_lib.h.
OUTPUT_SYNCHRONOUS = 2
DONT_EXIT = 0x8000
POSITION_CHARACTER = 1
CHARS_UTF8 = 1
RATE, PITCH, RANGE = 1, 3, 4
# espeak-ng keeps its data path in a buffer of 160 characters, with file names appended to it.
LONGEST_DATA_PATH = 120

Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Voice(NamedTuple):
    """An espeak-ng voice: `accent+variant`, words a minute, pitch and pitch range (0 to 99, usually 50)."""

    accent: str
    variant: str
    rate: int = 175
    pitch: int = 50
    pitch_range: int = 50


class EspeakError(ConfigError):
    """espeak-ng is not usable here, or refused a request."""


def synthesise(text: str, voice: Voice) -> tuple[np.ndarray, int]:
    """Speak `text`.

    espeak-ng carries state from one utterance to the next (wave phase, flutter, the last voice's settings)
    and seeds its noise by the clock. So each call loads the library afresh, which takes 2 ms, and seeds it.

    Returns:
        (audio, rate): int16 (time,) and the sample rate in Hz.

    Raises:
        EspeakError: the voice is unknown, or the library does not work.
    """
    library = _load()
    try:
        return _speak(library, text, voice)
    finally:
        library.espeak_Terminate()
        dlclose(library._handle)


def _load() -> ctypes.CDLL:
    path = espeakng_loader.get_library_path()
    if _is_loaded(path):
        raise EspeakError(f"{path} is in use elsewhere in this process; its speech would not be reproducible")
    return ctypes.CDLL(path)


def _is_loaded(path: str) -> bool:
    try:
        handle = ctypes.CDLL(path, mode=os.RTLD_NOLOAD)._handle
    except OSError:
        return False
    dlclose(handle)
    return True


def _speak(library: ctypes.CDLL, text: str, voice: Voice) -> tuple[np.ndarray, int]:
    data = _data_path().encode()
    rate = library.espeak_Initialize(OUTPUT_SYNCHRONOUS, 0, data, DONT_EXIT)
    if rate <= 0:
        raise EspeakError(f"espeak-ng does not start with its data in {data.decode()}")
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    name = f"{voice.accent}+{voice.variant}"
    if library.espeak_SetVoiceByName(name.encode()) != 0:
        raise EspeakError(f"espeak-ng has no voice {name!r}")
    for parameter, value in ((RATE, voice.rate), (PITCH, voice.pitch), (RANGE, voice.pitch_range)):
        library.espeak_SetParameter(parameter, value, 0)
    chunks: list[np.ndarray] = []
    callback = _collector(chunks)
    library.espeak_SetSynthCallback(callback)
    utf8 = text.encode()
    size = ctypes.c_size_t(len(utf8) + 1)
    status = library.espeak_Synth(utf8, size, 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None)
    if status != 0:
        raise EspeakError(f"espeak-ng refused {text!r} (status {status})")
    return np.concatenate([np.empty(0, np.int16), *chunks]), rate


def _collector(chunks: list[np.ndarray]) -> Callable[..., int]:
    @Callback
    def collect(samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: object) -> int:
        if samples and count > 0:
            chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    return collect


@functools.cache
def _data_path() -> str:
    """Where espeak-ng's data lie; a link to them if that is too long for espeak-ng."""
    path = espeakng_loader.get_data_path()
    if len(path) <= LONGEST_DATA_PATH:
        return path
    folder = tempfile.mkdtemp(prefix="espeak-")
    atexit.register(shutil.rmtree, folder)
    link = Path(folder) / "data"
    link.symlink_to(path)
    return str(link)
