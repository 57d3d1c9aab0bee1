"""Alignment of the latent to a frozen speech encoder.

Semantic-VAE (arXiv 2509.22167; its released `dac.py`) pulls each frame to the teacher's. SemaVoice (arXiv 2605.16964)
also makes any two frames of an utterance as similar to each other as the teacher's are.

The trained projection is on the teacher's side: it maps the teacher's features to the latent's channels, and the latent
itself, as it is sampled, is pulled towards the result. In SemaVoice it is linear and before the interpolation in time;
ours is after it, which is the same.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from shared.device import full_precision
from shared.losses.config import AlignmentConfig

PUBLISHED_WIDTH = 128  # Semantic-VAE's released `regulator.py`


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
    """Mean over utterances of `mean_t d(z_t, s_t) + pairwise · mean_ij |cos(z_i, z_j) − cos(s_i, s_j)|`, s = P(h).

    d is −cos over channels, or the mean over channels of |z − s| or of (z − s)². Both means are over the frames of one
    utterance, the second one's pairs in both orders and each frame with itself.
    """

    def __init__(self, config: AlignmentConfig, teacher_dim: int, latent_dim: int):
        super().__init__()
        self.distance, self.pairwise = config.distance, config.pairwise
        self.projection: nn.Module
        if config.projection == "linear":
            self.projection = nn.Conv1d(teacher_dim, latent_dim, 1)
        else:
            self.projection = TeacherProjection(teacher_dim, config.width or PUBLISHED_WIDTH, latent_dim)

    def forward(self, latents: Tensor, features: Tensor, valid: Tensor) -> Tensor:
        """The loss, a scalar.

        Args:
            latents: sampled latents, `(batch, dim, frames)`.
            features: the teacher's, at the latent frame rate, `(batch, frames, teacher_dim)`.
            valid: false on frames of padding, `(batch, frames)`; each utterance has at least one that is not.
        """
        target = self.projection(features.transpose(1, 2)).float()
        latents = latents.float()
        distance = DISTANCES[self.distance](latents, target)
        loss = ((distance * valid).sum(dim=1) / valid.sum(dim=1)).mean()
        return loss + self.pairwise * _pairwise(latents, target, valid) if self.pairwise else loss


def _cosine(latents: Tensor, target: Tensor) -> Tensor:
    return -F.cosine_similarity(latents, target, dim=1)


def _l1(latents: Tensor, target: Tensor) -> Tensor:
    return (latents - target).abs().mean(dim=1)


def _mse(latents: Tensor, target: Tensor) -> Tensor:
    return (latents - target).square().mean(dim=1)


def _pairwise(latents: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    difference = (_self_similarity(latents) - _self_similarity(target)).abs()
    pairs = valid.unsqueeze(1) & valid.unsqueeze(2)
    return ((difference * pairs).sum(dim=(1, 2)) / pairs.sum(dim=(1, 2))).mean()


def _self_similarity(frames: Tensor) -> Tensor:
    """`(batch, dim, frames)` → cosines `(batch, frames, frames)`."""
    frames = F.normalize(frames, dim=1)
    # In half precision a cosine is off by as much as the differences that are wanted.
    with full_precision(frames.device):
        return frames.transpose(1, 2) @ frames


# `(batch, dim, frames)` twice → `(batch, frames)`
DISTANCES = {"cosine": _cosine, "l1": _l1, "mse": _mse}
