"""SIM: whether a clip has the voice that it should, by embeddings of the evaluator `speaker`."""

import numpy as np

from shared.metrics.alignment import check_not_silent
from shared.metrics.base import Case, Metric, Setup
from shared.metrics.failure import NotMeasured
from shared.metrics.similarity import cosine_similarity
from shared.metrics.statistic import CORRELATION, Statistic


class SpeakerSimilarity(Metric):
    """Cosine of the clip's speaker embedding to that of the prompt (SIM-O), else of the reference."""

    name, place = "sim", 20
    statistics = (Statistic("sim", "SIM", True, place=40, bounds=CORRELATION, analysed="fisher_z", of_voice=True),)
    evaluator = "speaker"
    estimator = "cosine of speaker embeddings"

    def __init__(self, setup: Setup):
        from shared.evaluators.speaker import SpeakerEmbedder

        self.model = SpeakerEmbedder(setup.models[self.evaluator])
        self.voices: dict[str, np.ndarray] = {}  # prompts are shared by many clips

    def __call__(self, case: Case) -> tuple[float]:
        if case.voice is None:
            raise NotMeasured("the clip has neither a prompt nor a reference")
        if len(case.audio) == case.given:
            raise NotMeasured("the clip is empty")
        identity, audio = case.voice
        check_not_silent(audio, case.audio[case.given :])
        if identity not in self.voices:
            self.voices[identity] = self.model.embed(audio, case.sample_rate)
        generated = self.model.embed(case.audio[case.given :], case.sample_rate)
        return (cosine_similarity(generated, self.voices[identity]),)
