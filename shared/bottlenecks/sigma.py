"""σ-VAE bottleneck: the encoder says the mean alone, and σ is not learned, so it can't shrink to nothing.

    z = μ + σ · ε,  ε ~ N(0, 1) for each number of the latent

LatentLM (arXiv 2412.08635) draws one σ for each example from N(0, C_σ) (Fig. 3) and adds β ‖μ‖² to the loss (eq. 6).
For speech we found neither C_σ nor β, nor whether C_σ is a variance or a standard deviation. The released code of its
image tokenizer draws σ from N(0, (0.75 / 0.8)²), and its penalty is the mean of μ² with a weight of 0.01. That of
VibeVoice (arXiv 2508.19205), by some of the same authors, draws σ from N(0, (0.5 / 0.8)²), a standard deviation of
0.625, anew each time that a clip is encoded, a voice prompt too. 0.8 is about √(2 / π), so that 0.5 is the mean of |σ|;
its penalty is μ², of a weight that we did not find. SemaVoice (arXiv 2605.16964) refers to LatentLM, names no C_σ, and
puts a weight of 0.01 on a term that it calls KL; we take that for the mean of μ².

A negative σ is the same as a positive one, since ε is symmetric.
"""

import torch
from torch import Tensor

from shared.bottlenecks.base import Bottleneck, SigmaPosterior
from shared.bottlenecks.sigma_config import SigmaConfig


class SigmaBottleneck(Bottleneck):
    """Takes the encoder's output as the mean."""

    penalised = "mean_square"

    def __init__(self, config: SigmaConfig):
        super().__init__()
        self.dim = self.in_channels = config.dim
        self.std, self.draw = config.std, config.draw

    def forward(self, features: Tensor) -> SigmaPosterior:
        """`(batch, dim, frames)` → posterior, in float32 whatever the features' precision."""
        mean = features.float()
        return SigmaPosterior(mean, torch.full_like(mean, self.std), self.draw)


build = SigmaBottleneck
