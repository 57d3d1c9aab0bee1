"""MuQ-Eval: quality of generated music without a reference (Zhu and Li 2026, arXiv 2603.22677), from the hub.

The weights are on the hub, what runs them is in the authors' repository alone, which is no package: clone it, install
what it asks for, and name the folder in the environment variable `MUQ_EVAL`. Without it the metric is *not available*.
"""

import hashlib
import importlib
import os
import sys
from pathlib import Path
from pickle import UnpicklingError

import numpy as np

from shared.metrics.base import OF_MEAN
from shared.metrics.from_hub import Predicted, Predictor, Unavailable, fetch
from shared.metrics.level import MUSIC_DBOV
from shared.metrics.statistic import Statistic

SAMPLE_RATE = 24_000
WINDOW = 10 * SAMPLE_RATE  # what it was trained to hear
LEAST = WINDOW // 2  # of a last window, to count
FOLDER = "MUQ_EVAL"  # environment variable: a clone of the authors' repository
CONFIG, WEIGHTS = "config.yaml", "model_state_dict.pt"
ANSWER = "MI"  # musical impression, the paper's headline


class MuqEval(Predictor):
    """A loaded MuQ-Eval model. A clip's score is the mean over windows of 10 s, a short clip being filled up.

    Args:
        source: a folder with `config.yaml` and `model_state_dict.pt`, or the id of a hub repository that has them.

    Raises:
        Unavailable: its code or its weights are out of reach, or do not fit each other.
    """

    sample_rate, dbov = SAMPLE_RATE, MUSIC_DBOV

    def __init__(self, source: str):
        import torch

        from shared.device import device

        folder = Path(source)
        config, weights = (folder / CONFIG, folder / WEIGHTS) if folder.is_dir() else fetch(source, CONFIG, WEIGHTS)
        try:
            model = _code().MusicQualityModel(importlib.import_module("omegaconf").OmegaConf.load(config))
            model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        except (ImportError, AttributeError, RuntimeError, OSError, UnpicklingError) as error:
            last = str(error).strip().splitlines()[-1]
            raise Unavailable(f"{source} does not load with the code in {FOLDER}: {last}") from error
        self.weights_sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
        self.device = device()
        self.model = model.to(self.device).eval()

    def predict(self, audio: np.ndarray) -> float:
        """See `Predictor`."""
        starts = [start for start in range(0, len(audio), WINDOW) if start == 0 or len(audio) - start >= LEAST]
        windows = [audio[start : start + WINDOW] for start in starts]
        return float(np.mean([self._score(np.pad(each, (0, WINDOW - len(each)))) for each in windows]))

    def _score(self, window: np.ndarray) -> float:
        import torch

        answer = self.model(torch.from_numpy(window).float()[None].to(self.device))
        return float(answer[ANSWER] if isinstance(answer, dict) else answer)


def _code():
    """The authors' `src.model`."""
    folder = os.environ.get(FOLDER)
    if not folder or not (Path(folder) / "src" / "model.py").is_file():
        raise Unavailable(
            f"set {FOLDER} to a clone of the repository of MuQ-Eval (arXiv 2603.22677), with what it asks for installed"
        )
    sys.path.insert(0, folder)
    try:
        return importlib.import_module("src.model")
    finally:
        sys.path.remove(folder)



class PredictedMusicality(Predicted):
    """MuQ-Eval of a clip."""

    name, place = "muq_eval", 130
    statistics = (Statistic("muq_eval", "MuQ-Eval", True, digits=2, place=60),)
    evaluator = "muq_eval"
    stereo = OF_MEAN
    predictor = MuqEval
    sample_rate, level_dbov = MuqEval.sample_rate, MuqEval.dbov
    estimator = "MuQ-Eval"
