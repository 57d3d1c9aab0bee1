"""Job: how far reconstructions of the test clips are from them when there is noise in the latent.

    x̂_n = decode(μ + n s ε),  ε ~ N(0, 1) for each number of the latent

μ is the posterior mean, and s one number for the whole latent: the standard deviation of the posterior means of the
validation clips over all frames and channels. So n says how large an error is beside the latent that a generator would
have to make. A clip's ε is the same at every level, and of every autoencoder whose latents have the clip's shape. What
a bottleneck adds to the decoder's input of its own stays, drawn after ε.
"""


import numpy as np
import torch
from torch import Tensor

from shared.autoencoders.base import Autoencoder
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip
from shared.device import batch_of, clip_of
from shared.job import run_job
from shared.measurements.jobs.by_clip import Row, over_channels, run_by_clip, validation_means
from shared.measurements.noise import LEVELS, Noise
from shared.metrics.failure import NotMeasured
from shared.metrics.lsd import log_spectral_distance
from shared.metrics.mel_distance import mel_distance
from shared.metrics.pesq import wideband_pesq

METRICS = {"lsd": log_spectral_distance, "mel": mel_distance, "pesq": wideband_pesq}
PESQ_RATES = (8_000, 16_000)  # of the speech that PESQ's models are of, in Hz
ESTIMATOR = (
    "log-spectral distance (log10 power), multi-resolution log10-mel L1 distance and wideband PESQ of reconstructions "
    "from posterior means with Gaussian noise; its levels are in percent of latent_std, the standard deviation of "
    "posterior means of validation clips over all frames and channels"
)


def overall_std(means: Tensor) -> float:
    """Standard deviation of posterior means `(frames, dim)` over all frames and channels, about their common mean."""
    return float(means.double().std(correction=0))


@torch.inference_mode()
def decode_noisy(autoencoder: Autoencoder, audio: np.ndarray, std: float, seed: int) -> dict[int, np.ndarray]:
    """By level in percent of `std` what is decoded of a clip `(time,)` or `(2, time)`, of its shape."""
    mean = autoencoder.encode(batch_of(audio)).mean
    made = {}
    for level in LEVELS:
        # Anew for each: the bottleneck's own noise, which comes after this, is to be the same, too.
        torch.manual_seed(seed)
        noise = torch.randn_like(mean)
        decoded = autoencoder.decode(mean + level / 100 * std * noise)
        made[level] = clip_of(decoded[..., : audio.shape[-1]])
    return made


def pesq_problem(clip: Clip, audio: np.ndarray, sample_rate: int) -> str | None:
    """Why a clip has no PESQ at any level, or None."""
    if clip.speaker is None:
        return "of speech alone"
    if audio.ndim > 1:
        return "of one channel alone"
    return None if sample_rate in PESQ_RATES else f"of 8 or 16 kHz alone, and the corpus has {sample_rate} Hz"


def compare(clip: Clip, audio: np.ndarray, made: dict[int, np.ndarray], sample_rate: int) -> Row:
    """The columns of a clip; a metric that fails at a level leaves the others as they are."""
    row: Row = {}
    reasons = []
    problem = pesq_problem(clip, audio, sample_rate)
    for name, metric in METRICS.items():
        if name == "pesq" and problem:
            reasons.append(f"noise_pesq: {problem}")
            continue
        for level, each in made.items():
            try:
                row[f"noise_{name}{level}"] = over_channels(metric, audio, each, sample_rate)
            except NotMeasured as error:
                reasons.append(f"noise_{name}{level}: {error}")
    return row | ({"reason": "; ".join(reasons)} if reasons else {})


class NoisyLatents:
    """Distances of a clip to what is decoded of its latent with noise; see `OfClips`."""

    estimator = ESTIMATOR

    def __init__(self, autoencoder: Autoencoder, corpus: Corpus, corpora: list[Corpus]):
        self.autoencoder, self.sample_rate = autoencoder, corpus.sample_rate
        self.std = overall_std(validation_means(autoencoder, corpora, Noise))
        self.facts = {"latent_std": self.std, "levels": [*LEVELS]}

    def __call__(self, clip: Clip, audio: np.ndarray, seed: int) -> Row:
        made = decode_noisy(self.autoencoder, audio, self.std, seed)
        return compare(clip, audio, made, self.sample_rate)


def main() -> None:
    """Command line of the job."""
    run_by_clip(Noise, __doc__, NoisyLatents)


if __name__ == "__main__":
    run_job(main)
