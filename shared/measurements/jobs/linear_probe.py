"""Job: how much of the test clips' pitch, and of their place in stereo, a linear map finds in the latent.

The targets are those of SAME's regressors (`shared.losses.semantic`), which some latents are trained to tell: chroma,
its bands one beside the other, and the level difference of left and right. A probe for each is fitted to posterior
means of training clips of the corpus; its error on a test clip counts beside that of saying the mean of the training
frames. 1: a linear map finds nothing, 0: it finds all.
"""


import numpy as np
from torch.nn import functional as F

from shared.autoencoders.base import Autoencoder
from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip
from shared.device import batch_of, device
from shared.job import run_job
from shared.losses.semantic import SemanticTargets
from shared.losses.semantic_config import SemanticRegressorsConfig
from shared.measurements.jobs.by_clip import Row, posterior_means, run_by_clip
from shared.measurements.jobs.ridge import RIDGE, fit_probe
from shared.measurements.linear_probe import LinearProbe

TRAINING_CLIPS = 300  # at most: more change nothing that could be seen
ESTIMATOR = (
    "mean absolute error of ridge regression from posterior means to chroma (three bands of 128 pitch classes) and to "
    "the level difference of left and right (32 mel bands), over that of the training frames' mean; sums by clip"
)


class Targets:
    """What is looked for in a clip, a row a latent frame.

    Args:
        hop: samples of a frame.
        sample_rate: in Hz.
        channels: of the audio; level differences are of two.
    """

    def __init__(self, hop: int, sample_rate: int, channels: int):
        self.hop = hop
        config = SemanticRegressorsConfig(weight=1.0)  # of a loss; here there is none
        self.targets = SemanticTargets(config, hop, sample_rate, channels).to(device())

    def __call__(self, audio: np.ndarray) -> dict[str, np.ndarray]:
        """Of a clip `(time,)` or `(2, time)`: `chroma` `(frames, 384)` and, of two channels, `level` `(frames, 32)`."""
        # The last frame is padded as the encoder pads it.
        padded = F.pad(batch_of(audio), (0, -audio.shape[-1] % self.hop))
        found = [each[0].T.cpu().numpy() for each in self.targets(padded)]
        bands = len(self.targets.chroma)
        rows = {"chroma": np.concatenate(found[:bands], axis=1)}
        return rows | {"level": found[bands]} if self.targets.stereo else rows


class ProbedLatents:
    """Errors of the probes on a clip; see `OfClips`.

    Raises:
        ConfigError: the corpus has no training clips.
    """

    estimator = ESTIMATOR

    def __init__(self, autoencoder: Autoencoder, corpus: Corpus, corpora: list[Corpus]):
        clips = corpus.split("train")[:TRAINING_CLIPS]
        if not clips:
            raise ConfigError(f"linear_probe: {corpus.path} has no training clips, which the probe is fitted to")
        self.autoencoder = autoencoder
        self.targets = Targets(autoencoder.hop, corpus.sample_rate, corpus.channels)
        latents, targets = [], []
        for clip in clips:
            audio = corpus.audio(clip)
            latents.append(posterior_means(autoencoder, audio).numpy())
            targets.append(self.targets(audio))
        frames = np.concatenate(latents)
        self.probes = {name: fit_probe(frames, np.concatenate([each[name] for each in targets])) for name in targets[0]}
        self.facts = {"training_clips": len(clips), "frames": len(frames), "ridge": RIDGE}

    def __call__(self, clip: Clip, audio: np.ndarray, seed: int) -> Row:
        latents, targets = posterior_means(self.autoencoder, audio).numpy(), self.targets(audio)
        row: Row = {}
        for name, probe in self.probes.items():
            errors = probe.errors(latents, targets[name])
            row |= {f"{name}_{term}": value for term, value in errors._asdict().items()}
        return row if "level" in self.probes else row | {"reason": "level_error: of stereo alone"}


def main() -> None:
    """Command line of the job."""
    run_by_clip(LinearProbe, __doc__, ProbedLatents)


if __name__ == "__main__":
    run_job(main)
