"""Metrics of a set of clips, which have no value for one: the distance of its embeddings from the ground truth's."""

from abc import abstractmethod

import numpy as np

from shared.config import ConfigError
from shared.metrics.base import OF_MEAN, Case, Metric, Setup, find_metric
from shared.metrics.config import KadConfig
from shared.metrics.embeddings import embed_clip


class SetMetric(Metric):
    """Keeps each clip's embedding by the evaluator `clap`, a CLAP; the table's job takes the distances.

    Attributes:
        embeddings: clip id → `(dim,)`.
    """

    of_set = True
    evaluator = "clap"
    demands = "two_tested"
    stereo = OF_MEAN
    estimator = "audio embedding of unit length, for metrics of the set"

    def __init__(self, setup: Setup):
        from shared.evaluators.clap import ClapEmbedder

        self.model = ClapEmbedder(setup.models[self.evaluator])
        self.embeddings: dict[str, np.ndarray] = {}

    def __call__(self, case: Case) -> tuple[()]:
        self.embeddings[case.clip.id] = embed_clip(self.model, case)
        return ()

    @staticmethod
    @abstractmethod
    def distances(reference: np.ndarray, sets: np.ndarray, settings: KadConfig, /) -> np.ndarray:
        """The distance `(sets,)` of each of `sets` `(sets, clips, dim)` from `reference` `(clips, dim)`.

        Raises:
            NotMeasured: such embeddings have none.
        """

    @staticmethod
    @abstractmethod
    def replicates(
        reference: np.ndarray, sets: np.ndarray, weights: np.ndarray, settings: KadConfig, /
    ) -> np.ndarray:
        """The distances `(sets, replicates)` of resampled sets; row i of all of them belongs to clip i.

        Args:
            reference: `(clips, dim)`.
            sets: `(sets, clips, dim)`.
            weights: how often each clip is drawn, `(replicates, clips)`.
            settings: `evaluation.kad` of study.yaml.
        """

    @staticmethod
    def doubt(clips: int, dim: int) -> str | None:
        """Why a value of so many clips and dimensions says little, or None."""


def find_set_metric(name: str) -> type[SetMetric]:
    """The metric of a set of this name.

    Raises:
        ConfigError: there is none.
    """
    found = find_metric(name)
    if not issubclass(found, SetMetric):
        raise ConfigError(f"{name} is no metric of a set")
    return found
