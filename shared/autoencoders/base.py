"""An autoencoder: encoder + bottleneck + decoder around one latent frame rate."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from shared.bottlenecks.gaussian import GaussianBottleneck, Posterior
from shared.bottlenecks.sigma import SigmaBottleneck, SigmaPosterior


class Autoencoder(nn.Module):
    """Mono waveform ↔ latent frames.

    Args:
        encoder: `(batch, 1, time)` → `(batch, bottleneck.in_channels, frames)`.
        bottleneck: encoder features → posterior.
        decoder: `(batch, dim, frames)` → `(batch, 1, time)`.
        hop: samples of audio for each latent frame.
    """

    def __init__(
        self, encoder: nn.Module, bottleneck: GaussianBottleneck | SigmaBottleneck, decoder: nn.Module, hop: int
    ):
        super().__init__()
        self.encoder, self.bottleneck, self.decoder, self.hop = encoder, bottleneck, decoder, hop

    @property
    def latent_dim(self) -> int:
        """Channels of a latent frame."""
        return self.bottleneck.dim

    def encode(self, audio: Tensor) -> Posterior | SigmaPosterior:
        """`(batch, time)` → posterior over ceil(time / hop) frames; the last frame is zero-padded."""
        padding = -audio.shape[-1] % self.hop
        return self.bottleneck(self.encoder(F.pad(audio, (0, padding)).unsqueeze(1)))

    def decode(self, latents: Tensor) -> Tensor:
        """`(batch, dim, frames)` → `(batch, frames · hop)`."""
        return self.decoder(latents).squeeze(1)

    def forward(
        self, audio: Tensor, sample: bool = True, cut: Callable[[Tensor], Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Posterior | SigmaPosterior]:
        """`(batch, time)` → reconstruction of the same shape, the latent it is made from, its posterior.

        The latent is drawn from the posterior, or is its mean. `cut` makes of it what is decoded, for who has a say in
        what goes back through it (`shared.training.terms.LatentCut`).
        """
        posterior = self.encode(audio)
        latents = posterior.sample() if sample else posterior.mean
        decoded = self.decode(latents if cut is None else cut(latents))
        return decoded[..., : audio.shape[-1]], latents, posterior
