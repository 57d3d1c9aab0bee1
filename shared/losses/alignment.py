"""Alignment of the latent to a frozen speech encoder (Semantic-VAE, arXiv 2509.22167; its released `dac.py`).

The trained projection is on the teacher's side: it maps the teacher's features to the latent's channels, and the latent
itself, as it is sampled, is pulled towards the result.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from shared.losses.config import AlignmentConfig


class TeacherProjection(nn.Sequential):
    """`(batch, teacher_dim, frames)` → `(batch, dim, frames)`; as in the released `regulator.py`."""

    def __init__(self, teacher_dim: int, width: int, dim: int):
        super().__init__(
            nn.Conv1d(teacher_dim, width, 3, padding=1),
            nn.GroupNorm(1, width),
            nn.Mish(),
            nn.Conv1d(width, width, 3, padding=1),
            nn.GroupNorm(1, width),
            nn.Mish(),
            nn.Conv1d(width, dim, 1),
        )


class AlignmentLoss(nn.Module):
    """Mean over utterances of the mean over their frames of d(z_t, P(h)_t).

    d is −cos over channels, or the mean over channels of |z − P| or of (z − P)².
    """

    def __init__(self, config: AlignmentConfig, teacher_dim: int, latent_dim: int):
        super().__init__()
        self.distance = config.distance
        self.projection = TeacherProjection(teacher_dim, config.width, latent_dim)

    def forward(self, latents: Tensor, features: Tensor, valid: Tensor) -> Tensor:
        """The loss, a scalar.

        Args:
            latents: sampled latents, `(batch, dim, frames)`.
            features: the teacher's, at the latent frame rate, `(batch, frames, teacher_dim)`.
            valid: false on frames of padding, `(batch, frames)`; each utterance has at least one that is not.
        """
        target = self.projection(features.transpose(1, 2)).float()
        distance = DISTANCES[self.distance](latents.float(), target)
        return ((distance * valid).sum(dim=1) / valid.sum(dim=1)).mean()


def _cosine(latents: Tensor, target: Tensor) -> Tensor:
    return -F.cosine_similarity(latents, target, dim=1)


def _l1(latents: Tensor, target: Tensor) -> Tensor:
    return (latents - target).abs().mean(dim=1)


def _mse(latents: Tensor, target: Tensor) -> Tensor:
    return (latents - target).square().mean(dim=1)


# `(batch, dim, frames)` twice → `(batch, frames)`
DISTANCES = {"cosine": _cosine, "l1": _l1, "mse": _mse}
