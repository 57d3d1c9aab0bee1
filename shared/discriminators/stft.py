"""STFT discriminator, used at several sizes (Defossez et al. 2022, EnCodec, section 3.4)."""

import torch
from torch import Tensor, nn

from shared.audio.spectral import Stft
from shared.discriminators.layers import Features, activations, convolution
from shared.discriminators.stft_config import StftDiscriminatorConfig


class StftDiscriminator(nn.Module):
    """Convolutions over the real and imaginary parts of one STFT: dilated in time, strided in frequency."""

    def __init__(self, n_fft: int, config: StftDiscriminatorConfig):
        super().__init__()
        channels = config.channels
        self.stft = Stft(n_fft, n_fft // config.overlap)
        self.layers = nn.ModuleList([convolution(2, channels, (3, 9), (1, config.stem_stride))])
        self.layers.extend(
            convolution(channels, channels, (3, 9), (1, config.stride), dilation) for dilation in config.dilations
        )
        self.layers.append(convolution(channels, channels, (3, 3)))
        self.head = convolution(channels, 1, (3, 3))

    def forward(self, audio: Tensor) -> tuple[Tensor, Features]:
        """`(batch, time)` -> logits `(batch, 1, frames, bands)`, and each layer's activations."""
        spectrum = self.stft(audio).transpose(1, 2)
        # Unit-energy windows: the input's scale does not depend on n_fft.
        x = torch.stack([spectrum.real, spectrum.imag], dim=1) / self.stft.window.norm()
        features = activations(self.layers, x, slope=0.2)
        return self.head(features[-1]), features


def build(config: StftDiscriminatorConfig, sample_rate: int) -> list[nn.Module]:
    """One for each size."""
    return [StftDiscriminator(n_fft, config) for n_fft in config.n_ffts]
