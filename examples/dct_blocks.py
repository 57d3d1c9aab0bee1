"""A latent of one's own that reconstructs perfectly: the cosine transform of blocks of 1,024 samples.

`replicate compare-latents blocks=examples/dct_blocks.py mine=/models/mine.py` sets another beside it.
"""

import math

import torch
from torch import Tensor, nn


def load(weights: str | None) -> nn.Module:
    """What `replicate` asks for; there are no weights."""
    return Blocks()


class Blocks(nn.Module):
    """A DCT-II, which is orthonormal, so that its transpose is its inverse."""

    sample_rate, hop, dim, channels = 16000, 1024, 1024, 1
    latent = "cosine transform of 1,024 samples"

    def __init__(self):
        super().__init__()
        time = torch.arange(self.hop, dtype=torch.float64) + 0.5  # its angles are up to 3,200, too large for float32
        frequency = torch.arange(self.dim)[:, None]
        basis = torch.cos(math.pi / self.hop * time * frequency) * math.sqrt(2 / self.hop)
        basis[0] /= math.sqrt(2)
        self.register_buffer("basis", basis.float())

    def encode(self, audio: Tensor) -> Tensor:
        """Audio `(batch, 1, frames * hop)` to latents `(batch, dim, frames)`."""
        return self.basis @ audio.unflatten(-1, (-1, self.hop))[:, 0].transpose(1, 2)

    def decode(self, latents: Tensor) -> Tensor:
        """And back."""
        return (self.basis.T @ latents).transpose(1, 2).flatten(1).unsqueeze(1)
