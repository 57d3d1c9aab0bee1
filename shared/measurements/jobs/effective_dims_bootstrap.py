"""How sure the effective dimensions of a latent are: a bootstrap over clips, from a few sums of each clip.

    S = Σ_c w_c M_c − s sᵀ / n,  s = Σ_c w_c s_c,  n = Σ_c w_c n_c

w_c is how often clip c is drawn, n_c its frames, s_c the sum and M_c the second moment Σ z zᵀ of its posterior means.
The singular values of the centred means of all drawn clips are the roots of the eigenvalues of S, so that no replicate
goes back to the frames.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from shared.bottlenecks.base import GaussianPosterior
from shared.measurements.jobs.effective_dims import ACTIVE_NATS, FIDELITIES, RULES, Rule, count_effective_dims

CHUNK = 50  # replicates at once: of 128 dimensions they take 7 MB
Name = tuple[str, Rule | None, float | None]  # what is measured, and of effective dims by which rule at which fidelity
NAMES: tuple[Name, ...] = (
    *(("effective_dims", rule, fidelity) for rule in RULES for fidelity in FIDELITIES),
    ("kl", None, None),
    ("active_dims", None, None),
)


class ClipSums(NamedTuple):
    """Of each clip, in float64: frames `(clips,)`, of its means sum `(clips, dim)` and second moment
    `(clips, dim, dim)`, and the sum over its frames of each channel's KL to the prior in nats, `(clips, dim)`.
    """

    frames: Tensor
    total: Tensor
    moment: Tensor
    kl: Tensor


def clip_sums(mean: Tensor, std: Tensor, offsets: Tensor) -> ClipSums:
    """Of posteriors `(frames of all clips, dim)`; a clip starts at each of the offsets but the last."""
    mean, std = mean.double(), std.double()
    # What is centred about any one point has the same S, and about this one it loses the fewest digits.
    clips = (mean - mean.mean(dim=0)).tensor_split(offsets[1:-1])
    kl = GaussianPosterior(mean.unsqueeze(1), std.unsqueeze(1)).kl().tensor_split(offsets[1:-1])
    return ClipSums(
        offsets.diff().double(),
        torch.stack([clip.sum(dim=0) for clip in clips]),
        torch.stack([clip.T @ clip for clip in clips]),
        torch.stack([each.sum(dim=0) for each in kl]),
    )


def singular_values(sums: ClipSums, weights: Tensor) -> Tensor:
    """Σ of the clips drawn `(replicates, clips)` times, `(replicates, dim)`, largest first."""
    total, frames = weights @ sums.total, weights @ sums.frames
    moment = (weights @ sums.moment.flatten(1)).unflatten(1, sums.moment.shape[1:])
    scatter = moment - total.unsqueeze(2) * total.unsqueeze(1) / frames[:, None, None]
    return torch.linalg.eigvalsh(scatter).clamp_min(0).sqrt().flip(-1)


def measure(sums: ClipSums, weights: Tensor) -> Tensor:
    """The quantities of NAMES in each replicate, `(names, replicates)`; KL and active dims are NaN if a KL is infinite.

    Args:
        sums: of the clips.
        weights: how often each clip is drawn, `(replicates, clips)`; ones give the quantities themselves.
    """
    return torch.cat([_measure(sums, each) for each in weights.double().split(CHUNK)], dim=1)


def _measure(sums: ClipSums, weights: Tensor) -> Tensor:
    spread = singular_values(sums, weights)
    dims = [count_effective_dims(spread, fidelity, rule) for rule in RULES for fidelity in FIDELITIES]
    if not sums.kl.isfinite().all():
        kl = active = spread.new_full((len(weights),), torch.nan)
    else:
        channels = weights @ sums.kl / (weights @ sums.frames).unsqueeze(1)
        kl, active = channels.sum(dim=1), (channels > ACTIVE_NATS).sum(dim=1)
    return torch.stack([each.double() for each in (*dims, kl, active)])
