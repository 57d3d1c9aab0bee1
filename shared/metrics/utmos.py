"""UTMOS: naturalness without a reference (Saeki et al. 2022), from a TorchScript file.

The model is on the hub only; offline without a cached copy the metric is *not available*, which is an answer
of its own and never a number.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch

from shared.audio.io import resample
from shared.device import device
from shared.metrics.failure import NotMeasured

SAMPLE_RATE = 16_000
FILE_NAME = "utmos.jit"  # in `balacoon/utmos`, a TorchScript export of the challenge's strong learner


class Unavailable(Exception):
    """The model cannot be had or run here; the message says why and what to do."""


class Utmos:
    """A loaded UTMOS model.

    Args:
        source: a TorchScript file, or the id of a hub repository that holds `utmos.jit`.

    Raises:
        Unavailable: the file is not cached and cannot be downloaded, or does not run on this machine.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, source: str):
        path = _locate(source)
        self.weights_sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.device = device()
        try:
            self.model = torch.jit.load(str(path), map_location=self.device).eval()
            self._score(np.zeros(SAMPLE_RATE, dtype=np.float32))
        except RuntimeError as error:
            # The public export has its device written into the graph: without a GPU it loads and fails to run.
            last = str(error).strip().splitlines()[-1]
            raise Unavailable(f"{source} does not run on this {self.device.type}: {last}") from error

    def __call__(self, clip: np.ndarray, sample_rate: int) -> float:
        """Score one clip `(time,)`, about 1 to 5. One at a time: padding within a batch changes the scores.

        Raises:
            NotMeasured: the clip is empty or not finite, or the model has no finite answer.
        """
        audio = resample(clip, sample_rate, SAMPLE_RATE)
        if len(audio) == 0 or not np.isfinite(audio).all():
            raise NotMeasured("the clip is empty or not finite")
        score = self._score(audio)
        if not np.isfinite(score):
            raise NotMeasured("the model's answer is not finite")
        return score

    @torch.inference_mode()
    def _score(self, audio: np.ndarray) -> float:
        samples = (np.clip(audio, -1, 1) * 32767).astype(np.int16)  # the export takes PCM16, (batch, time)
        return float(self.model(torch.from_numpy(samples)[None].to(self.device)))


def _locate(source: str) -> Path:
    if Path(source).is_file():
        return Path(source)
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(source, FILE_NAME))
    except HFValidationError:
        raise Unavailable(f"{source}: neither a file nor the id of a hub repository") from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        hint = f"run `hf download {source} {FILE_NAME}` where there is a network"
        raise Unavailable(f"{source}: not cached and not reachable ({type(error).__name__}); {hint}") from error
