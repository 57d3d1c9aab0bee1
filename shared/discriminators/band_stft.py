"""Multi-band STFT discriminator, used at several sizes (Kumar et al. 2023, DAC, section 3.3)."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from shared.audio.spectral import Stft
from shared.discriminators.band_stft_config import BandStftDiscriminatorConfig
from shared.discriminators.layers import Features, activations, convolution


class BandStftDiscriminator(nn.Module):
    """Real and imaginary parts of one STFT, cut into bands with convolutions of their own before a common head.

    High bands, which hold little energy, are so not drowned by low ones. The sizes are DAC's, and as there the STFT
    is not normalised. There the last, partial frame is mirrored to a whole one; here it is left out: of two seconds at
    24 kHz the longest hop, 512, leaves the last 384 samples to the other two, which divide them.
    """

    def __init__(self, n_fft: int, config: BandStftDiscriminatorConfig):
        super().__init__()
        self.stft = Stft(n_fft, n_fft // 4, padding="same")
        bins = n_fft // 2 + 1
        edges = [int(share * bins) for share in config.bands]
        self.widths = [high - low for low, high in pairwise(edges)]
        self.bands = nn.ModuleList(_layers(config.channels) for _ in self.widths)
        self.head = convolution(config.channels, 1, (3, 3))

    def forward(self, audio: Tensor) -> tuple[Tensor, Features]:
        """`(batch, time)` -> logits `(batch, 1, frames, bands)`, and each layer's activations, band by band."""
        spectrum = self.stft(audio).transpose(1, 2)
        parts = torch.stack([spectrum.real, spectrum.imag], dim=1).split(self.widths, dim=3)
        features = [activations(band.children(), part, slope=0.1) for band, part in zip(self.bands, parts, strict=True)]
        joined = torch.cat([band[-1] for band in features], dim=3)
        return self.head(joined), [activation for band in features for activation in band]


def _layers(channels: int) -> nn.ModuleList:
    """Over (frames, bins): three layers of five halve the number of bins."""
    halving = (convolution(channels, channels, (3, 9), (1, 2)) for _ in range(3))
    return nn.ModuleList([convolution(2, channels, (3, 9)), *halving, convolution(channels, channels, (3, 3))])


def build(config: BandStftDiscriminatorConfig, sample_rate: int) -> list[nn.Module]:
    """One for each size."""
    return [BandStftDiscriminator(n_fft, config) for n_fft in config.n_ffts]
