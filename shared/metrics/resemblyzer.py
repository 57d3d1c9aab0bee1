"""Speaker similarity by a model that nobody here trained: as a margin over other voices, and as a cosine.

    margin = cos(e, e_voice) − mean over impostors of cos(e, e_impostor)

A cosine alone has no zero: of espeak's voices strangers have 0.57, and what all clips share, such as a codec's
colour, moves it. The margin is 0 for a voice that is as near to others. Impostors are clips of the corpus' test split
by other speakers: one clip each of at most eight, drawn by the speaker's name and a fixed seed, so that they are the
same for all variants and runs.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from shared.audio.io import resample
from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip
from shared.metrics.base import Case, Metric, Setup
from shared.metrics.failure import NotMeasured
from shared.metrics.level import at_level
from shared.metrics.similarity import cosine_similarity
from shared.metrics.statistic import CORRELATION, Statistic

# What the package raises quiet clips to, over all of a clip; here all clips, and over their active frames.
DBOV = -30.0
SHORTEST_SECONDS = 0.4  # as for the speaker model trained here; what is shorter than 1.6 s is filled up with zeros
IMPOSTORS = 8  # at most
SEED = 0


def impostors(clips: Iterable[Clip], speaker: str) -> list[Clip]:
    """One clip each of at most `IMPOSTORS` other speakers; the same ones for a speaker each time."""
    others: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        if clip.speaker not in (None, speaker) and clip.seconds >= SHORTEST_SECONDS:
            others[clip.speaker].append(clip)
    draw = random.Random(f"{SEED} {speaker}")
    chosen = draw.sample(sorted(others), min(IMPOSTORS, len(others)))
    return [draw.choice(sorted(others[name], key=lambda clip: clip.id)) for name in chosen]


class SpeakerMargin(Metric):
    """Margin and cosine of a clip to the voice of its prompt, else of its reference."""

    name, place = "resemblyzer", 25
    statistics = tuple(
        Statistic(name, label, True, place=place, bounds=CORRELATION, analysed="fisher_z", of_voice=True)
        for name, label, place in (("speaker_margin", "Speaker margin", 42), ("speaker_cosine", "Speaker cosine", 44))
    )
    demands = "two_voices"
    package = "resemblyzer"
    level_dbov = DBOV
    estimator = (
        "cosine of Resemblyzer's speaker embeddings, pauses kept; margin: minus the mean cosine to one clip each of "
        f"at most {IMPOSTORS} other test speakers, drawn with seed {SEED}"
    )

    def __init__(self, setup: Setup):
        from shared.evaluators.resemblyzer import VoiceEncoder

        if setup.corpus is None:
            raise ConfigError("resemblyzer compares with other speakers of a corpus, and none is given")
        self.corpus = Corpus(setup.corpus)
        self.model = VoiceEncoder()
        self.known: dict[str, np.ndarray] = {}  # by clip id, of voices and impostors

    def __call__(self, case: Case) -> tuple[float, float]:
        if case.voice is None or case.clip.speaker is None:
            raise NotMeasured("the clip has neither a prompt nor a reference of a speaker")
        others = impostors(self.corpus.split("test"), case.clip.speaker)
        if not others:
            raise NotMeasured("no other speaker is in the test split")
        heard = self.embed(case.audio[case.given :], case.sample_rate)
        identity, voice = case.voice
        cosine = cosine_similarity(heard, self._known(identity, lambda: voice))
        against = [cosine_similarity(heard, self._known(each.id, partial(self.corpus.audio, each))) for each in others]
        return cosine - float(np.mean(against)), cosine

    def _known(self, identity: str, read: Callable[[], np.ndarray]) -> np.ndarray:
        if identity not in self.known:
            self.known[identity] = self.embed(read(), self.corpus.sample_rate)
        return self.known[identity]

    def embed(self, clip: np.ndarray, sample_rate: int) -> np.ndarray:
        """Embedding of a clip `(time,)`, heard at one level.

        Raises:
            NotMeasured: it is shorter than 0.4 s, silent, too quiet or not finite.
        """
        if len(clip) < SHORTEST_SECONDS * sample_rate:
            raise NotMeasured(f"{len(clip) / sample_rate:.2f} s are too short: {SHORTEST_SECONDS:g} s are needed")
        audio = resample(clip, sample_rate, self.model.sample_rate)
        return self.model.embed(at_level(audio, self.model.sample_rate, DBOV))
