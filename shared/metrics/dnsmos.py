"""DNSMOS: speech quality without a reference (Reddy et al. 2021 and 2022), with the ONNX models of `speechmos`.

The models come from the package; the arithmetic around them is here, so that a session can be held to one
thread and neither librosa nor a thread pool is needed. A test holds the results to those of the package.
"""

import functools
import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shared.audio.io import resample
from shared.config import ConfigError
from shared.files import sha256
from shared.metrics.base import Case, Metric, Setup
from shared.metrics.level import SPEECH_DBOV, active_level, at_level
from shared.metrics.statistic import Statistic

SAMPLE_RATE = 16_000
SEGMENT = int(9.01 * SAMPLE_RATE)  # the only input length that the models take; shorter clips are repeated
MODELS = ("sig_bak_ovr.onnx", "model_v8.onnx")
# Raw output -> mean opinion score, published with the P.835 models; highest power first.
CALIBRATION = {
    "ovrl": (-0.06766283, 1.11546468, 0.04602535),
    "sig": (-0.08397278, 1.22083953, 0.0052439),
    "bak": (-0.13166888, 1.60915514, -0.39604546),
}


class DnsMos(NamedTuple):
    """P.835 overall, signal and background quality, and P.808 quality; each about 1 to 5."""

    ovrl: float
    sig: float
    bak: float
    p808: float


def dnsmos(
    clip: np.ndarray,
    sample_rate: int,
    threads: int = 1,
    windows: int | None = None,
    dbov: float | None = SPEECH_DBOV,
) -> DnsMos:
    """Score one clip `(time,)` at a stated level, as the same speech scores less the quieter it is.

    A clip under 9.01 s is doubled until it is at least that long; windows one second apart are scored and averaged,
    both as in the reference code. Its count of windows leaves up to 1.98 s at the end unheard: of a clip of 9.01 to
    10.99 s it hears the first 9.01 s.

    Args:
        clip: the waveform.
        sample_rate: Hz.
        threads: of the models.
        windows: score only so many, from the start. Doubling can make a clip of 2 s one of 16 s, and so eight
            windows of the same two seconds, each half a second of work.
        dbov: active level that it is scaled to; None: it is scored at its own, as in the reference code. Peaks that
            get beyond full scale are clipped.

    Raises:
        NotMeasured: the clip is empty, silent, not finite or too quiet to be speech.
        ConfigError: `speechmos` or `onnxruntime` is not installed.
    """
    audio = resample(clip, sample_rate, SAMPLE_RATE)
    audio = at_level(audio, SAMPLE_RATE, active_level(audio, SAMPLE_RATE) if dbov is None else dbov)
    audio = np.clip(audio, -1, 1).astype(np.float32)
    quality, p808 = _sessions(threads)
    # Both models take one segment at a time: larger batches cost the same per segment and several times the memory.
    scores = []
    for segment in segments(audio)[:windows]:
        sig, bak, ovrl = quality.run(None, {"input_1": segment[None]})[0][0]
        opinion = p808.run(None, {"input_1": log_mel(segment[:-160])[None]})[0][0][0]
        raw = {"ovrl": ovrl, "sig": sig, "bak": bak}
        scores.append([*(np.polyval(CALIBRATION[name], raw[name]) for name in CALIBRATION), opinion])
    return DnsMos(*(float(score) for score in np.mean(scores, axis=0)))


def segments(audio: np.ndarray) -> list[np.ndarray]:
    """Windows `(SEGMENT,)` of a clip `(time,)`, one second apart, the clip doubled until one fits."""
    while len(audio) < SEGMENT:
        audio = np.concatenate([audio, audio])
    # The reference code counts windows in whole seconds, hence the floor before the subtraction.
    count = int(len(audio) // SAMPLE_RATE - SEGMENT / SAMPLE_RATE) + 1
    starts = [index * SAMPLE_RATE for index in range(count)]
    return [audio[start : start + SEGMENT] for start in starts if start + SEGMENT <= len(audio)]


def log_mel(audio: np.ndarray) -> np.ndarray:
    """Input of the P.808 model: `(time,)` -> `(frames, 120)`, dB below the peak, mapped from [-40, 0] to [0, 1]."""
    from shared.audio.spectral import mel_filterbank

    n_fft, hop, bands = 321, 160, 120
    padded = np.pad(audio.astype(np.float32), n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    window = np.hanning(n_fft + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    mel = power @ mel_filterbank(SAMPLE_RATE, n_fft, bands).numpy().T
    decibel = 10 * np.log10(np.maximum(mel, 1e-10) / max(mel.max(), 1e-10))
    return ((np.maximum(decibel, -80) + 40) / 40).astype(np.float32)


def weights_sha256() -> str:
    """Hashes of the two ONNX files, joined by `+`."""
    return "+".join(sha256(_folder() / name) for name in MODELS)


@functools.cache
def _sessions(threads: int) -> list:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    paths = [str(_folder() / name) for name in MODELS]
    return [onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]) for path in paths]


def _folder() -> Path:
    """Where `speechmos` keeps the models, found without importing it (which would import librosa)."""
    spec = importlib.util.find_spec("speechmos")
    places = spec and spec.submodule_search_locations
    if not places or importlib.util.find_spec("onnxruntime") is None:
        raise ConfigError(
            "DNSMOS needs the packages speechmos and onnxruntime: pip install --no-deps speechmos, "
            "pip install onnxruntime, or leave dnsmos out of evaluation.metrics"
        )
    return Path(places[0]) / "dnsmos_models"


class SpeechQuality(Metric):
    """All four scores of a clip."""

    name, place = "dnsmos", 50
    columns = ("dnsmos_ovrl", "dnsmos_sig", "dnsmos_bak", "dnsmos_p808")
    statistics = (
        Statistic("dnsmos_ovrl", "DNSMOS", True, place=80),
        Statistic("dnsmos_p808", "DNSMOS P.808", True, place=90),
        Statistic("dnsmos_sig", "DNSMOS SIG", True, place=100),
        Statistic("dnsmos_bak", "DNSMOS BAK", True, place=110),
    )
    sample_rate, level_dbov = SAMPLE_RATE, SPEECH_DBOV

    def __init__(self, setup: Setup):
        self.threads, self.windows = setup.threads, setup.settings.dnsmos_windows
        used = "all windows" if self.windows is None else f"at most {self.windows} windows a clip"
        heard = "9.01 s long, a second apart; up to 1.98 s at a clip's end are not heard, as in the reference code"
        self.estimator = f"DNSMOS P.835 and P.808, {used}, {heard}"

    def __call__(self, case: Case) -> tuple[float, ...]:
        return tuple(dnsmos(case.audio, case.sample_rate, self.threads, self.windows))

    def provenance(self) -> dict[str, Any]:
        """See `Metric`; the models are the package's, not an evaluator of ours."""
        models = {"embedder": "ONNX models of package speechmos", "weights_sha256": weights_sha256()}
        return super().provenance() | models
