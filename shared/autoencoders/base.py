"""An autoencoder: encoder + bottleneck + decoder around one latent frame rate."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from shared.bottlenecks.gaussian import GaussianBottleneck, Posterior
from shared.bottlenecks.sigma import SigmaBottleneck, SigmaPosterior
from shared.bottlenecks.soft_norm import SoftNormBottleneck, SoftNormPosterior

Bottleneck = GaussianBottleneck | SigmaBottleneck | SoftNormBottleneck
AnyPosterior = Posterior | SigmaPosterior | SoftNormPosterior


class Autoencoder(nn.Module):
    """Waveform ↔ latent frames. A waveform is `(batch, time)` with one channel, `(batch, channels, time)` with more.

    Args:
        encoder: `(batch, channels, time)` → `(batch, bottleneck.in_channels, frames)`.
        bottleneck: encoder features → posterior.
        decoder: `(batch, dim, frames)` → `(batch, channels, time)`.
        hop: samples of audio for each latent frame.
        channels: of the audio.
    """

    def __init__(self, encoder: nn.Module, bottleneck: Bottleneck, decoder: nn.Module, hop: int, channels: int = 1):
        super().__init__()
        self.encoder, self.bottleneck, self.decoder, self.hop = encoder, bottleneck, decoder, hop
        self.channels = channels

    @property
    def latent_dim(self) -> int:
        """Channels of a latent frame."""
        return self.bottleneck.dim

    def encode(self, audio: Tensor) -> AnyPosterior:
        """A waveform → posterior over ceil(time / hop) frames; the last frame is zero-padded."""
        padded = F.pad(audio, (0, -audio.shape[-1] % self.hop))
        return self.bottleneck(self.encoder(padded.unsqueeze(1) if self.channels == 1 else padded))

    def decode(self, latents: Tensor, noise: bool = True) -> Tensor:
        """`(batch, dim, frames)` → a waveform of frames · hop samples.

        Without `noise`, a bottleneck that adds some to the decoder's input doesn't.
        """
        audio = self.decoder(self.bottleneck.restore(latents, noise))
        return audio.squeeze(1) if self.channels == 1 else audio

    def forward(
        self, audio: Tensor, sample: bool = True, cut: Callable[[Tensor], Tensor] | None = None
    ) -> tuple[Tensor, Tensor, AnyPosterior]:
        """A waveform → reconstruction of the same shape, the latent it is made from, its posterior.

        The latent is drawn from the posterior, or is its mean; then nothing is random. `cut` makes of it what is
        decoded, for who has a say in what goes back through it (`shared.training.terms.LatentCut`).
        """
        posterior = self.encode(audio)
        latents = posterior.sample() if sample else posterior.mean
        decoded = self.decode(latents if cut is None else cut(latents), noise=sample)
        return decoded[..., : audio.shape[-1]], latents, posterior
