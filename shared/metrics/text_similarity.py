"""Text–audio similarity: whether a clip fits its text, by embeddings of the evaluator `clap`, a CLAP."""

from shared.metrics.base import OF_MEAN, Case, Metric, Setup
from shared.metrics.embeddings import embed_clip
from shared.metrics.failure import NotMeasured
from shared.metrics.similarity import cosine_similarity
from shared.metrics.statistic import CORRELATION, Statistic


class TextSimilarity(Metric):
    """Cosine of the clip's embedding to that of the text it should fit."""

    name, place = "text_similarity", 140
    statistics = (
        Statistic(
            name, "Text–audio similarity", True, percent=True, place=190, bounds=CORRELATION, analysed="fisher_z"
        ),
    )
    evaluator = "clap"
    demands = "two_captions"
    stereo = OF_MEAN
    estimator = "cosine of audio and text embedding"

    def __init__(self, setup: Setup):
        from shared.evaluators.clap import ClapEmbedder

        self.model = ClapEmbedder(setup.models[self.evaluator])

    def __call__(self, case: Case) -> tuple[float]:
        if not case.clip.text.strip():
            raise NotMeasured("the clip has no text")
        text = self.model.embed_text(case.clip.text)
        return (cosine_similarity(embed_clip(self.model, case), text),)
