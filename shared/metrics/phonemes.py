"""Phoneme error rate: what a recogniser of phonemes, which has no vocabulary of words, hears of a clip.

Package hama: a CTC recogniser, and a model that gives the phonemes of a written word, with the same symbols. Both know
some languages; they are asked for English alone.
"""

import functools
import re
import unicodedata
from typing import Any

import numpy as np

from shared.audio.io import resample
from shared.evaluators.package import package_folder
from shared.files import sha256
from shared.metrics.base import Case, Metric, Setup
from shared.metrics.error_rate import word_errors
from shared.metrics.failure import NotMeasured
from shared.metrics.level import QUIETEST_DBOV, SPEECH_DBOV, active_level, at_level
from shared.metrics.statistic import AT_LEAST_0, Statistic
from shared.metrics.text import normalise

SAMPLE_RATE = 16_000
SHORT, MARGIN = SAMPLE_RATE, SAMPLE_RATE // 2  # a clip under a second is heard badly without silence around it
ENGLISH = re.compile(r"[a-z' ]+")
MODELS = ("asr_waveform", "encoder", "decoder_step")


def plain(symbol: str) -> str:
    """A phoneme without what modifies it, such as length, tone and the bow of an affricate; may be empty."""
    kept = (sign for sign in unicodedata.normalize("NFD", symbol) if unicodedata.category(sign) in ("Ll", "Lo"))
    return "".join(kept)


class PhonemeErrors(Metric):
    """Errors and phonemes of a clip's text; a set's rate is the sum of the errors over that of the phonemes."""

    name, place = "phonemes", 12
    columns = ("phonemes", "phoneme_errors", "phonemes_heard")
    statistics = (
        Statistic(
            "per", "PER", False, "phoneme_errors", "phonemes", percent=True, place=25, bounds=AT_LEAST_0, analysed="log"
        ),
    )
    before_text = True
    package = "hama"
    sample_rate, level_dbov = SAMPLE_RATE, SPEECH_DBOV
    estimator = (
        "errors between the phonemes heard and those of the text, both by package hama, without diacritics; half a "
        "second of silence around a clip under a second; corpus rate = sum of errors / sum of phonemes"
    )

    def __init__(self, setup: Setup):
        self.folder = package_folder(self.package, self.name)
        import hama

        self.recogniser, self.speller = hama.ASRModel(), hama.G2PModel()
        self.spelled = functools.cache(self._spelled)

    def __call__(self, case: Case) -> tuple[int, int, str]:
        text = normalise(case.clip.text, "basic")
        # Of a full stop, a digit or another script the package makes phonemes of other languages.
        if not ENGLISH.fullmatch(text):
            raise NotMeasured("the text is empty or not of English letters alone")
        said = " ".join(filter(None, map(self.spelled, text.split())))
        heard = self.hear(case.audio, case.sample_rate)
        count = word_errors(said, heard)
        return count.total, count.errors, heard

    def hear(self, clip: np.ndarray, sample_rate: int) -> str:
        """Phonemes of a clip `(time,)`, separated by blanks; none of a silent one.

        Raises:
            NotMeasured: samples that are not finite.
        """
        if not np.isfinite(clip).all():
            raise NotMeasured("samples that are not finite")
        audio = resample(clip, sample_rate, SAMPLE_RATE)
        if active_level(audio, SAMPLE_RATE) < QUIETEST_DBOV:
            return ""
        audio = np.pad(at_level(audio, SAMPLE_RATE, SPEECH_DBOV), MARGIN if len(audio) < SHORT else 0)
        return _joined(self.recogniser.transcribe_waveform(audio, SAMPLE_RATE).phonemes)

    def _spelled(self, word: str) -> str:
        return _joined(each.phoneme for each in self.speller(word).alignments)

    def provenance(self) -> dict[str, Any]:
        """See `Metric`; the models are the package's."""
        weights = "+".join(sha256(self.folder / "assets" / f"{name}.hama") for name in MODELS)
        return super().provenance() | {"embedder": "recogniser and speller of package hama", "weights_sha256": weights}


def _joined(symbols: Any) -> str:
    return " ".join(filter(None, map(plain, symbols)))
