"""Job: how far reconstructions of the test clips are from them when only part of the latent is decoded (RAVE, 3.2).

The latent is rotated to the principal axes of the posterior means of the validation clips. A fidelity f keeps so many
of the first axes that their singular values sum up to the share f of all (RAVE, eq. 11). Noise from the prior takes the
place of the other axes, the same noise at every fidelity. At a fidelity of 1 all axes are kept.
"""

import numpy as np
import torch

from shared.autoencoders.base import Autoencoder
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip
from shared.device import batch_of, clip_of
from shared.job import run_job
from shared.losses.spectral_distance import SpectralDistance
from shared.losses.spectral_distance_config import SpectralDistanceConfig
from shared.measurements.jobs.by_clip import Row, over_channels, run_by_clip, validation_means
from shared.measurements.jobs.effective_dims import PrincipalAxes, effective_dims, principal_axes, truncate
from shared.measurements.truncation import FIDELITIES, Truncation
from shared.metrics.failure import NotMeasured
from shared.metrics.mel_distance import mel_distance

DISTANCE = SpectralDistanceConfig()
ESTIMATOR = (
    "spectral distance (RAVE, stage 1; windows 2048 to 128, L1 of logs) and multi-resolution log10-mel L1 distance of "
    "reconstructions; kept: dimensions by RAVE's eq. 11, of the posterior means of validation clips"
)


def axes_of(autoencoder: Autoencoder, corpora: list[Corpus]) -> PrincipalAxes:
    """Principal axes of the posterior means of all validation clips.

    Raises:
        ConfigError: there are none.
    """
    return principal_axes(validation_means(autoencoder, corpora, Truncation))


def kept_dims(axes: PrincipalAxes) -> dict[int, int]:
    """How many dimensions are kept for each fidelity, in percent."""
    kept = {each: effective_dims(axes.singular_values, each / 100) for each in FIDELITIES}
    return kept | {100: len(axes.singular_values)}


@torch.inference_mode()
def decode_truncated(
    autoencoder: Autoencoder, audio: np.ndarray, axes: PrincipalAxes, kept: dict[int, int], seed: int
) -> dict[int, np.ndarray]:
    """By fidelity, what is decoded of a clip `(time,)` or `(2, time)`, in its shape, from one draw of the posterior."""
    posterior = autoencoder.encode(batch_of(audio))
    made = {}
    for fidelity, dims in kept.items():
        torch.manual_seed(seed)
        latents = posterior.sample()
        noise = torch.Generator(latents.device).manual_seed(seed)
        decoded = autoencoder.decode(truncate(latents, axes, dims, noise))
        made[fidelity] = clip_of(decoded[..., : audio.shape[-1]])
    return made


def compare(audio: np.ndarray, made: dict[int, np.ndarray], sample_rate: int) -> Row:
    """The columns of a clip: two distances for each fidelity, means over the channels; or why it has none."""
    spectral = SpectralDistance(DISTANCE)
    distances = {
        "mel": lambda clip, each: mel_distance(clip, each, sample_rate),
        "spectral": lambda clip, each: float(spectral(*(torch.from_numpy(x).unsqueeze(0) for x in (each, clip)))),
    }
    row: Row = {}
    try:
        for fidelity, each in made.items():
            row |= {f"{name}{fidelity}": over_channels(distance, audio, each) for name, distance in distances.items()}
    except NotMeasured as error:
        return {"reason": f"truncation: {error}"}
    return row


class TruncatedLatents:
    """Distances of a clip to what is decoded of part of its latent; see `OfClips`."""

    estimator = ESTIMATOR

    def __init__(self, autoencoder: Autoencoder, corpus: Corpus, corpora: list[Corpus]):
        self.autoencoder, self.sample_rate = autoencoder, corpus.sample_rate
        self.axes = axes_of(autoencoder, corpora)
        self.kept = kept_dims(self.axes)
        self.facts = {"kept": self.kept}

    def __call__(self, clip: Clip, audio: np.ndarray, seed: int) -> Row:
        made = decode_truncated(self.autoencoder, audio, self.axes, self.kept, seed)
        return compare(audio, made, self.sample_rate)


def main() -> None:
    """Command line of the job."""
    run_by_clip(Truncation, __doc__, TruncatedLatents)


if __name__ == "__main__":
    run_job(main)
