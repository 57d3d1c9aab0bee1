"""A linear probe: how much of what can be heard in a frame a linear map finds in the frame's latent.

    W, c = argmin Σ_t ‖W z_t + c − y_t‖² + α ‖W‖²

α is a small share of how much the latent varies, Σ_t ‖z_t − z̄‖² / dim, so that it weighs the same on latents of every
scale; it is there for channels that say nothing. Targets are taken as they are: a loud band counts for more.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import Ridge

RIDGE = 1e-4  # the share: 40 dB below the mean channel


class ProbeErrors(NamedTuple):
    """Sums over the frames of a clip of errors, each the mean over the target's bins of absolute differences."""

    residual: float  # of the probe
    baseline: float  # of the training frames' mean


@dataclass(frozen=True)
class Probe:
    """W and c, and the mean of the targets that they were fitted to, `(bins,)`."""

    ridge: Ridge
    mean: np.ndarray

    def errors(self, latents: np.ndarray, targets: np.ndarray) -> ProbeErrors:
        """Of the frames of a clip, `(frames, dim)` and `(frames, bins)`."""
        predicted = self.ridge.predict(latents.astype(np.float64)).reshape(targets.shape)
        differences = (np.abs(targets - each).mean(axis=1).sum() for each in (predicted, self.mean))
        return ProbeErrors(*map(float, differences))


def fit_probe(latents: np.ndarray, targets: np.ndarray) -> Probe:
    """The probe from latents `(frames, dim)` to targets `(frames, bins)`, in float64."""
    latents, targets = latents.astype(np.float64), targets.astype(np.float64)
    variation = np.square(latents - latents.mean(axis=0)).sum() / latents.shape[1]
    # Where the latent has collapsed altogether, any will do, and 0 can't be solved.
    ridge = Ridge(alpha=RIDGE * variation or 1.0, solver="cholesky")
    return Probe(ridge.fit(latents, targets), targets.mean(axis=0))
