"""What is asked of the KL divergence of the posterior: little of it, or a given rate.

Target-KL (arXiv 2605.17085, eqs. 2 to 6): (KL − KL*)² in place of KL, both divided by the width. The target follows
from an information rate of B bits a second at S latent frames a second: KL* = B ln 2 / S nats a frame (eq. 4).
"""

import math

from torch import Tensor

from shared.losses.config import KlConfig, KlTarget


def kl_loss(kl: Tensor, config: KlConfig, dim: int, frame_rate: float) -> Tensor:
    """The weighted term of a loss, a scalar.

    Args:
        kl: `(batch, frames)`: KL of each latent frame in nats, summed over channels, or a σ-VAE's mean square of μ.
        config: weight, and target if there is one.
        dim: channels of a latent frame.
        frame_rate: latent frames a second.
    """
    if config.target is None:
        return config.weight * kl.mean()
    return config.weight * ((kl.mean() - target_nats(config.target, frame_rate)) / dim).square()


def target_nats(target: KlTarget, frame_rate: float) -> float:
    """The target in nats a latent frame."""
    return target.nats or kbps_to_nats(target.kbps or 0.0, frame_rate)


def kbps_to_nats(kbps: float, frame_rate: float) -> float:
    """Nats a latent frame that carry `kbps` kilobits a second."""
    return 1000 * kbps * math.log(2) / frame_rate


def nats_to_kbps(nats: float, frame_rate: float) -> float:
    """Kilobits a second of `nats` a latent frame (eq. 3)."""
    return frame_rate * nats / math.log(2) / 1000
