"""An autoencoder: encoder + bottleneck + decoder around one latent frame rate."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from shared.autoencoders.magnitudes import MagnitudeDecoder
from shared.bottlenecks.base import Bottleneck, Posterior


class Autoencoder(nn.Module):
    """Waveform `(batch, channels, time)` ↔ latent frames.

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

    def encode(self, audio: Tensor) -> Posterior:
        """A waveform → posterior over ceil(time / hop) frames; the last frame is zero-padded."""
        padded = F.pad(audio, (0, -audio.shape[-1] % self.hop))
        return self.bottleneck(self.encoder(padded))

    def decode(self, latents: Tensor, noise: bool = True) -> Tensor:
        """`(batch, dim, frames)` → a waveform of frames · hop samples.

        Without `noise`, a bottleneck that adds some to the decoder's input doesn't.
        """
        return self.decoder(self.bottleneck.restore(latents, noise))

    def forward(
        self,
        audio: Tensor,
        sample: bool = True,
        before_decoder: Callable[[Tensor], Tensor] | None = None,
        phases: bool = True,
    ) -> tuple[Tensor, Tensor, Posterior]:
        """A waveform → reconstruction of the same shape, the latent it is made from, its posterior.

        Args:
            audio: the waveform.
            sample: draw the latent from the posterior; if not, it is the posterior's mean, and nothing is random.
            before_decoder: what the latent goes through before it is decoded. A training that decides which losses'
                gradients go on from the decoder to the encoder ends the decoder's graph here (`LatentCut` in
                `shared.training.terms`). The latent that is returned did not go through it.
            phases: whether phases are found where the decoder makes magnitudes; if not, these come in the
                reconstruction's place, `(batch, channels, bins, STFT frames)` of all latent frames.
        """
        posterior = self.encode(audio)
        latents = posterior.sample() if sample else posterior.mean
        decoded = latents if before_decoder is None else before_decoder(latents)
        if isinstance(self.decoder, MagnitudeDecoder) and not phases:
            return self.decoder.magnitudes(self.bottleneck.restore(decoded, sample)), latents, posterior
        return self.decode(decoded, noise=sample)[..., : audio.shape[-1]], latents, posterior
