"""Models from the hub that predict how good a clip sounds without a reference, and what they have in common.

Offline without a cached copy such a metric is *not available*, which is an answer of its own and never a number.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from shared.audio.io import mix_down, resample
from shared.metrics.base import Case, Metric, Setup
from shared.metrics.failure import NotMeasured
from shared.metrics.level import at_level


class Unavailable(Exception):
    """The model cannot be had or run here; the message says why and what to do."""


class Predictor(ABC):
    """Such a model, loaded.

    Attributes:
        sample_rate: that it hears, in Hz.
        dbov: active level that it hears every clip at.
        weights_sha256: of the file with its weights.
    """

    sample_rate: int
    dbov: float
    weights_sha256: str

    @abstractmethod
    def __init__(self, source: str):
        """Load it from a file, a folder or the hub.

        Raises:
            Unavailable: that fails, or the model does not run here.
        """

    def __call__(self, clip: np.ndarray, sample_rate: int) -> float:
        """Score one clip `(time,)`, about 1 to 5.

        Raises:
            NotMeasured: the clip is empty, silent, too quiet or not finite, or the model has no finite answer.
        """
        import torch

        audio = at_level(resample(clip, sample_rate, self.sample_rate), self.sample_rate, self.dbov)
        with torch.inference_mode():
            score = self.predict(audio)
        if not np.isfinite(score):
            raise NotMeasured("the model's answer is not finite")
        return score

    @abstractmethod
    def predict(self, audio: np.ndarray) -> float:
        """The score of samples `(time,)` at `sample_rate` and `dbov`; their peaks may be beyond full scale."""


class Predicted(Metric):
    """What such a model predicts of a clip; where it cannot be had, every clip says so and none has a value.

    Attributes:
        predictor: class of the model.
    """

    evaluator: ClassVar[str]
    predictor: ClassVar[type[Predictor]]

    def __init__(self, setup: Setup):
        self.source, self.loaded, self.problem = setup.models[self.evaluator], None, None
        try:
            self.loaded = self.predictor(self.source)
        except Unavailable as error:
            self.problem = str(error)

    def __call__(self, case: Case) -> tuple[float]:
        if self.loaded is None:
            raise NotMeasured(f"not available: {self.problem}")
        return (self.loaded(mix_down(case.audio), case.sample_rate),)

    def provenance(self) -> dict[str, Any]:
        """See `Metric`; `unavailable` says why the model could not be had."""
        weights = self.loaded.weights_sha256 if self.loaded else None
        known = super().provenance() | {"embedder": self.source, "weights_sha256": weights}
        return known | {"unavailable": self.problem}


def fetch(source: str, *names: str) -> list[Path]:
    """Files of a hub repository, from the cache or the hub.

    Raises:
        Unavailable: it is not a repository's id, or one of the files is out of reach.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return [Path(hf_hub_download(source, name)) for name in names]
    except HFValidationError:
        raise Unavailable(f"{source}: neither on this machine nor the id of a hub repository") from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        hint = f"run `hf download {source} {' '.join(names)}` where there is a network"
        raise Unavailable(f"{source}: not cached and not reachable ({type(error).__name__}); {hint}") from error
