"""One measure for each metric: what turns a clip and what it is compared with into values for its columns.

A measure is built once a job (it may load a model) and then called once a clip.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from shared.audio.io import mix_down
from shared.corpora.pieces import load_pieces
from shared.evaluators.asr import Recogniser
from shared.evaluators.clap import AudioTextEmbedder
from shared.evaluators.speaker import SpeakerEmbedder
from shared.metrics.alignment import check_not_silent
from shared.metrics.chroma import chroma_agreement
from shared.metrics.dnsmos import dnsmos
from shared.metrics.dnsmos import weights_sha256 as dnsmos_sha256
from shared.metrics.error_rate import character_errors, word_errors
from shared.metrics.failure import NotMeasured
from shared.metrics.from_hub import Unavailable
from shared.metrics.level import SPEECH_DBOV
from shared.metrics.lsd import log_spectral_distance
from shared.metrics.mel_distance import mel_distance
from shared.metrics.mel_log1p import mel_log1p
from shared.metrics.muq_eval import MuqEval
from shared.metrics.names import STEREO_ONLY
from shared.metrics.pitch import pitch_deviation
from shared.metrics.si_sdr import si_sdr
from shared.metrics.similarity import cosine_similarity
from shared.metrics.stereo import correlation_similarity, level_difference_error
from shared.metrics.stoi import stoi
from shared.metrics.text import Normaliser, normalise
from shared.metrics.utmos import Utmos
from shared.metrics.wideband_pesq import wideband_pesq
from shared.sampling.clips import GeneratedClip


@dataclass(frozen=True)
class Case:
    """One clip with all it may be compared with.

    Attributes:
        clip: the clip's entry.
        audio: its samples, `(time,)`, or `(2, time)` in a stereo set, as all of the others.
        reference: the signal it should equal, if it has one.
        voice: corpus id and samples of the clip whose voice it should have: the prompt, else the reference.
        given: how many samples it begins with that were given, not generated.
        sample_rate: of all of them, in Hz.
    """

    clip: GeneratedClip
    audio: np.ndarray
    reference: np.ndarray | None
    voice: tuple[str, np.ndarray] | None
    sample_rate: int
    given: int = 0


class Measure(Protocol):
    """Values of one metric's columns for a case, and how they were estimated."""

    def __call__(self, case: Case) -> tuple[Any, ...]:
        """Values in the order of the metric's columns; raises NotMeasured where there are none."""
        ...

    def provenance(self) -> dict[str, Any]:
        """`estimator`, `embedder` (a model, or None) and its `weights_sha256`, `sample_rate`.

        Of metrics without a reference also `level_dbov`, the active level at which they hear every clip.
        """
        ...


# name -> function, what it is, and the rate in Hz that it works at (None: the clips' own)
INTRUSIVE_FUNCTIONS = {
    "pesq": (wideband_pesq, "PESQ MOS-LQO, wideband (ITU-T P.862.2), package pesq", 16_000),
    "stoi": (stoi, "STOI (Taal et al. 2011), package pystoi", 10_000),
    "mel_distance": (mel_distance, "multi-resolution log10-mel L1 distance", None),
    "lsd": (log_spectral_distance, "log-spectral distance, log10 power, window 2048, hop 512", None),
    "si_sdr": (si_sdr, "SI-SDR (Le Roux et al. 2019), dB", None),
    "mel_log1p": (mel_log1p, "multi-resolution L1 distance of ln(1 + mel magnitude)", None),
    "stereo_correlation": (correlation_similarity, "1 - |difference of the correlations of left and right| / 2", None),
    "level_difference_error": (level_difference_error, "L1 of left/right level differences of mel bands, dB", None),
}


class Intrusive:
    """A function of two signals, as in `pesq(reference, clip, sample_rate)`; of stereo the mean over its channels.

    Metrics of stereo alone get both channels at once.
    """

    def __init__(self, name: str):
        self.function, self.estimator, self.sample_rate = INTRUSIVE_FUNCTIONS[name]
        self.both = name in STEREO_ONLY

    def __call__(self, case: Case) -> tuple[float]:
        if case.reference is None:
            raise NotMeasured("the clip has no reference")
        if self.both or case.audio.ndim == 1:
            return (self.function(case.reference, case.audio, case.sample_rate),)
        channels = zip(case.reference, case.audio, strict=True)
        return (float(np.mean([self.function(*pair, case.sample_rate) for pair in channels])),)

    def provenance(self) -> dict[str, Any]:
        return _provenance(self.estimator, self.sample_rate)


class Rate:
    """What the latent of a reconstruction holds, as the job that reconstructed it noted."""

    def __call__(self, case: Case) -> tuple[float, float]:
        if case.clip.kl is None or case.clip.kbps is None:
            raise NotMeasured("the clip is not a reconstruction, or its latent has no noise")
        return case.clip.kl, case.clip.kbps

    def provenance(self) -> dict[str, Any]:
        return _provenance("KL(posterior || N(0, 1)) of a latent frame, mean over frames; kbps = Hz · KL / ln 2", None)


class Pitch:
    """How much the voice's pitch moves."""

    def __call__(self, case: Case) -> tuple[float]:
        return (pitch_deviation(case.audio, case.sample_rate),)

    def provenance(self) -> dict[str, Any]:
        return _provenance("standard deviation of F0 in semitones over voiced frames, pYIN of package librosa", None)


class Chroma:
    """How well a clip's pitch classes agree with the notes of the piece it stands for.

    Raises:
        CorpusError: the corpus has no notes.
    """

    def __init__(self, corpus: Path):
        self.pieces = load_pieces(corpus)

    def __call__(self, case: Case) -> tuple[float]:
        if case.clip.id not in self.pieces:
            raise NotMeasured("the clip has no notes")
        return (chroma_agreement(mix_down(case.audio), case.sample_rate, self.pieces[case.clip.id]),)

    def provenance(self) -> dict[str, Any]:
        return _provenance("correlation of librosa's chroma with the exact one, mean over frames with notes", None)


class WordErrors:
    """Word and character errors of the recogniser's transcript."""

    def __init__(self, recogniser: Recogniser, normaliser: Normaliser):
        self.recogniser, self.normaliser = recogniser, normaliser

    def __call__(self, case: Case) -> tuple[int, int, int, int, str]:
        heard = self.recogniser.transcribe(case.audio, case.sample_rate)
        text, heard = (normalise(each, self.normaliser) for each in (case.clip.text, heard))
        words, characters = word_errors(text, heard), character_errors(text, heard)
        return words.total, words.errors, characters.total, characters.errors, heard

    def provenance(self) -> dict[str, Any]:
        estimator = (
            f"errors by jiwer, text normalised as {self.normaliser!r}; corpus rate = sum of errors / sum of words"
        )
        model = self.recogniser
        return _provenance(estimator, model.sample_rate, model.name, model.weights_sha256)


class Similarity:
    """Cosine of the clip's speaker embedding to that of the prompt (SIM-O), else of the reference."""

    def __init__(self, embedder: SpeakerEmbedder):
        self.embedder = embedder
        self.voices: dict[str, np.ndarray] = {}  # prompts are shared by many clips

    def __call__(self, case: Case) -> tuple[float]:
        if case.voice is None:
            raise NotMeasured("the clip has neither a prompt nor a reference")
        if len(case.audio) == case.given:
            raise NotMeasured("the clip is empty")
        identity, audio = case.voice
        check_not_silent(audio, case.audio[case.given :])
        if identity not in self.voices:
            self.voices[identity] = self.embedder.embed(audio, case.sample_rate)
        generated = self.embedder.embed(case.audio[case.given :], case.sample_rate)
        return (cosine_similarity(generated, self.voices[identity]),)

    def provenance(self) -> dict[str, Any]:
        model = self.embedder
        return _provenance("cosine of speaker embeddings", model.sample_rate, model.name, model.weights_sha256)


class TextSimilarity:
    """Cosine of the clip's embedding to that of the text it should fit; of stereo, its channels' mean is heard."""

    def __init__(self, embedder: AudioTextEmbedder):
        self.embedder = embedder

    def __call__(self, case: Case) -> tuple[float]:
        if not case.clip.text.strip():
            raise NotMeasured("the clip has no text")
        text = self.embedder.embed_text(case.clip.text)
        return (cosine_similarity(_embed(self.embedder, case), text),)

    def provenance(self) -> dict[str, Any]:
        model = self.embedder
        return _provenance("cosine of audio and text embedding", model.sample_rate, model.name, model.weights_sha256)


class Embedding:
    """The clip's embedding, which is no value of its own: it is kept for the metrics of the whole set.

    Of stereo, the channels' mean is heard.

    Attributes:
        embeddings: clip id → `(dim,)`.
    """

    def __init__(self, embedder: AudioTextEmbedder):
        self.embedder, self.embeddings = embedder, {}

    def __call__(self, case: Case) -> tuple[()]:
        self.embeddings[case.clip.id] = _embed(self.embedder, case)
        return ()

    def provenance(self) -> dict[str, Any]:
        model, what = self.embedder, "audio embedding of unit length, for KAD and FAD"
        return _provenance(what, model.sample_rate, model.name, model.weights_sha256)


class SpeechQuality:
    """DNSMOS, all four scores."""

    def __init__(self, threads: int, windows: int | None):
        self.threads, self.windows = threads, windows

    def __call__(self, case: Case) -> tuple[float, ...]:
        return tuple(dnsmos(case.audio, case.sample_rate, self.threads, self.windows))

    def provenance(self) -> dict[str, Any]:
        used = "all windows" if self.windows is None else f"at most {self.windows} windows a clip"
        heard = "9.01 s long, a second apart; up to 1.98 s at a clip's end are not heard, as in the reference code"
        estimator, models = f"DNSMOS P.835 and P.808, {used}, {heard}", "ONNX models of package speechmos"
        return _provenance(estimator, 16_000, models, dnsmos_sha256()) | {"level_dbov": SPEECH_DBOV}


class Predicted:
    """What a model of the hub predicts of a clip; where it cannot be had, every clip says so and none has a value.

    Args:
        label: what it is called.
        model: UTMOS or MuQ-Eval.
        source: where it comes from.
    """

    def __init__(self, label: str, model: type[Utmos] | type[MuqEval], source: str):
        self.label, self.sample_rate, self.dbov, self.source = label, model.sample_rate, model.dbov, source
        try:
            self.model, self.problem = model(source), None
        except Unavailable as error:
            self.model, self.problem = None, str(error)

    def __call__(self, case: Case) -> tuple[float]:
        if self.model is None:
            raise NotMeasured(f"not available: {self.problem}")
        return (self.model(mix_down(case.audio), case.sample_rate),)

    def provenance(self) -> dict[str, Any]:
        weights = self.model.weights_sha256 if self.model else None
        known = _provenance(self.label, self.sample_rate, self.source, weights)
        return known | {"level_dbov": self.dbov, "unavailable": self.problem}


def _embed(embedder: AudioTextEmbedder, case: Case) -> np.ndarray:
    if case.audio.size == 0 or not np.isfinite(case.audio).all():
        raise NotMeasured("the clip is empty or not finite")
    return embedder.embed_audio(mix_down(case.audio), case.sample_rate)


def _provenance(
    estimator: str, sample_rate: int | None, embedder: str | None = None, weights: str | None = None
) -> dict[str, Any]:
    return {"estimator": estimator, "embedder": embedder, "weights_sha256": weights, "sample_rate": sample_rate}
