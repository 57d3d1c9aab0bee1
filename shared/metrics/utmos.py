"""UTMOS: naturalness without a reference (Saeki et al. 2022), from a TorchScript file that is on the hub only."""

import hashlib
from pathlib import Path

import numpy as np

from shared.metrics.from_hub import Predicted, Predictor, Unavailable, fetch
from shared.metrics.level import SPEECH_DBOV
from shared.metrics.statistic import Statistic

FILE_NAME = "utmos.jit"  # in `balacoon/utmos`, a TorchScript export of the challenge's strong learner


class Utmos(Predictor):
    """A loaded UTMOS model. One clip at a time: padding within a batch changes the scores.

    Args:
        source: a TorchScript file, or the id of a hub repository that holds `utmos.jit`.

    Raises:
        Unavailable: the file is not cached and cannot be downloaded, or does not run on this machine.
    """

    sample_rate, dbov = 16_000, SPEECH_DBOV

    def __init__(self, source: str):
        import torch

        from shared.device import device

        path = Path(source) if Path(source).is_file() else fetch(source, FILE_NAME)[0]
        self.weights_sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.device = device()
        try:
            self.model = torch.jit.load(str(path), map_location=self.device).eval()
            with torch.inference_mode():
                self.predict(np.zeros(self.sample_rate, dtype=np.float32))
        except RuntimeError as error:
            # The public export has its device written into the graph: without a GPU it loads and fails to run.
            last = str(error).strip().splitlines()[-1]
            raise Unavailable(f"{source} does not run on this {self.device.type}: {last}") from error

    def predict(self, audio: np.ndarray) -> float:
        """See `Predictor`."""
        import torch

        samples = (np.clip(audio, -1, 1) * 32767).astype(np.int16)  # the export takes PCM16, (batch, time)
        return float(self.model(torch.from_numpy(samples)[None].to(self.device)))


class PredictedNaturalness(Predicted):
    """UTMOS of a clip."""

    name, place = "utmos", 60
    statistics = (Statistic("utmos", "UTMOS", True, place=50),)
    evaluator = "utmos"
    predictor = Utmos
    sample_rate, level_dbov = Utmos.sample_rate, Utmos.dbov
    estimator = "UTMOS"
