"""Models from the hub that predict how good a clip sounds without a reference, and what they have in common.

Offline without a cached copy such a metric is *not available*, which is an answer of its own and never a number.
"""

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
import torch

from shared.audio.io import resample
from shared.metrics.failure import NotMeasured
from shared.metrics.level import at_level


class Unavailable(Exception):
    """The model cannot be had or run here; the message says why and what to do."""


class Predictor(ABC):
    """A loaded model.

    Attributes:
        sample_rate: that it hears, in Hz.
        dbov: active level that it hears every clip at.
        weights_sha256: of the file with its weights.
    """

    sample_rate: int
    dbov: float
    weights_sha256: str

    @torch.inference_mode()
    def __call__(self, clip: np.ndarray, sample_rate: int) -> float:
        """Score one clip `(time,)`, about 1 to 5.

        Raises:
            NotMeasured: the clip is empty, silent, too quiet or not finite, or the model has no finite answer.
        """
        audio = at_level(resample(clip, sample_rate, self.sample_rate), self.sample_rate, self.dbov)
        score = self.predict(audio)
        if not np.isfinite(score):
            raise NotMeasured("the model's answer is not finite")
        return score

    @abstractmethod
    def predict(self, audio: np.ndarray) -> float:
        """The score of samples `(time,)` at `sample_rate` and `dbov`; their peaks may be beyond full scale."""


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
