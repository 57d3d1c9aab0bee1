"""Multi-scale STFT discriminator (Defossez et al. 2022, EnCodec, section 3.4).

It is trained against an autoencoder's decoder with `shared.losses.adversarial`.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from shared.audio.spectral import Stft
from shared.autoencoders.config import DiscriminatorConfig

Features = list[Tensor]


def _conv(inputs: int, outputs: int, kernel: tuple[int, int], stride: int = 1, dilation: int = 1):
    """Convolution over (frames, bins): dilated in time, strided in frequency, weight-normalised."""
    padding = (dilation * (kernel[0] // 2), kernel[1] // 2)
    return weight_norm(nn.Conv2d(inputs, outputs, kernel, (1, stride), padding, (dilation, 1)))


class StftDiscriminator(nn.Module):
    """Convolutions over the real and imaginary parts of one STFT."""

    def __init__(self, n_fft: int, config: DiscriminatorConfig):
        super().__init__()
        channels = config.channels
        self.stft = Stft(n_fft, n_fft // config.overlap)
        self.layers = nn.ModuleList([_conv(2, channels, (3, 9), config.stem_stride)])
        self.layers.extend(_conv(channels, channels, (3, 9), 2, dilation) for dilation in config.dilations)
        self.layers.append(_conv(channels, channels, (3, 3)))
        self.head = _conv(channels, 1, (3, 3))

    def forward(self, audio: Tensor) -> tuple[Tensor, Features]:
        """`(batch, 1, time)` -> logits `(batch, 1, frames, bands)`, and each layer's activations."""
        spectrum = self.stft(audio.squeeze(1)).transpose(1, 2)
        # Unit-energy windows: the input's scale does not depend on n_fft.
        x = torch.stack([spectrum.real, spectrum.imag], dim=1) / self.stft.window.norm()
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        return self.head(x), features


class MultiScaleStftDiscriminator(nn.Module):
    """One `StftDiscriminator` a scale."""

    def __init__(self, config: DiscriminatorConfig):
        super().__init__()
        self.scales = nn.ModuleList(StftDiscriminator(n_fft, config) for n_fft in config.n_ffts)

    def forward(self, audio: Tensor) -> tuple[list[Tensor], list[Features]]:
        """`(batch, 1, time)` -> logits and features, an entry a scale."""
        outputs = [scale(audio) for scale in self.scales]
        return [logits for logits, _ in outputs], [features for _, features in outputs]
