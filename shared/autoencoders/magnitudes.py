"""Decoders that make magnitudes, and find phases for them afterwards.

What a small model can't learn in a few thousand steps are phases: with the recording's own magnitudes and random phases
PESQ is 1.27, and models that predict both stay there. So these compare, encode and decode magnitudes alone, as
`log(1 + magnitude / floor)`; the waveform comes from `shared.audio.phases`.
"""

import torch
from torch import Tensor, nn

from shared.audio.phases import find_waveform
from shared.audio.spectral import Stft, soft_log

LIMITS = -2.0, 14.0  # of log(1 + magnitude / floor), so that one wild frame early in training can't overflow
MEAN, STD = 2.0, 1.7  # of it, over the bins and frames of speech at the corpora's level


def features(magnitude: Tensor, floor: float) -> Tensor:
    """Magnitudes as a model sees them, of about zero mean and unit variance."""
    return (soft_log(magnitude, floor) - MEAN) / STD


def from_head(x: Tensor, floor: float) -> Tensor:
    """Magnitudes of what a model makes. Below zero they are a little less than nothing, so that it learns from them.

    It is not scaled by `STD`: what a head's steps change is then too much, and training ends worse.
    """
    return floor * torch.expm1((MEAN + x).clamp(*LIMITS))


class MagnitudeDecoder(nn.Module):
    """Base of the decoders of magnitudes.

    Attributes:
        stft: what the magnitudes are of.
        floor: below it a magnitude is seen linearly, above it by its logarithm.
        iterations: of Griffin-Lim.
    """

    stft: Stft
    floor: float
    iterations: int

    def magnitudes(self, latents: Tensor) -> Tensor:
        """`(batch, latent_dim, frames)` → `(batch, channels, bins, STFT frames)`."""
        raise NotImplementedError

    def forward(self, latents: Tensor) -> Tensor:
        """`(batch, latent_dim, frames)` → a waveform `(batch, channels, time)`."""
        return find_waveform(self.magnitudes(latents).clamp_min(0), self.stft, self.iterations)

    def with_phases_of(self, magnitudes: Tensor, audio: Tensor) -> Tensor:
        """A waveform of `magnitudes` with the phases of `audio`, `(batch, channels, time)`: what an adversary hears."""
        phases = torch.sgn(self.stft(audio.flatten(0, 1)))
        return self.stft.inverse(magnitudes.flatten(0, 1) * phases).unflatten(0, audio.shape[:2])
