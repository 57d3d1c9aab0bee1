"""ViSQOL in audio mode, at 48 kHz: for music and sounds; see `visqol`."""

from typing import Any

import numpy as np

from shared.evaluators.package import package_folder
from shared.files import sha256
from shared.metrics.base import BY_CHANNEL, OfTwoSignals, Setup
from shared.metrics.statistic import MOS, Statistic
from shared.metrics.visqol import AUDIO, visqol

WEIGHTS = "model/libsvm_nu_svr_model.txt"


class VisqolAudio(OfTwoSignals):
    """ViSQOL of a clip, in audio mode; an identical clip has 4.73."""

    name, place = "visqol_audio", 36
    statistics = (Statistic("visqol_audio", "ViSQOL (audio)", True, place=74, bounds=MOS),)
    package = "visqol"
    stereo = BY_CHANNEL
    sample_rate = AUDIO.rate
    estimator = "ViSQOL MOS-LQO, audio mode at 48 kHz, support vector regression, visqol-python"

    def __init__(self, setup: Setup):
        self.weights = package_folder(self.package, self.name) / WEIGHTS

    @staticmethod
    def function(reference: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
        """See `visqol`."""
        return visqol(reference, clip, sample_rate, AUDIO)

    def provenance(self) -> dict[str, Any]:
        """See `Metric`; the model is the package's."""
        return super().provenance() | {"embedder": "nu-SVR of visqol-python", "weights_sha256": sha256(self.weights)}
