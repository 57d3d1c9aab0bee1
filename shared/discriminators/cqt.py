"""Sub-band constant-Q discriminator, used at several resolutions (Gu et al. 2024, arXiv:2311.14957; BigVGAN-v2).

Beside an STFT's even grid it gives low pitches more resolution in frequency and high ones more in time. The sizes are
BigVGAN-v2's. Its code computes the transform after raising the sample rate by two, so that its hops of 512, 256 and
256 are 256, 128 and 128 here, where nothing needs to be raised. Its values differ from these by a factor of the square
root of 3, which the first layer, with weights of its own, takes up.
"""

import torch
from torch import Tensor, nn

from shared.audio.constant_q import ConstantQ
from shared.discriminators.cqt_config import CqtDiscriminatorConfig
from shared.discriminators.layers import Features, activations, convolution


class CqtDiscriminator(nn.Module):
    """Real and imaginary parts of a constant-Q transform, a convolution for each octave, then common layers.

    The windows of an octave's bins differ in length from the next octave's: the first layer brings them into line.

    Raises:
        ConfigError: the octaves reach beyond half the sampling rate.
    """

    def __init__(self, sample_rate: int, hop: int, bins_per_octave: int, config: CqtDiscriminatorConfig):
        super().__init__()
        channels = config.channels
        self.bins_per_octave = bins_per_octave
        self.transform = ConstantQ(sample_rate, hop, config.octaves, bins_per_octave, config.f_min)
        # As in BigVGAN-v2 the layers up to the first common one are not weight-normalised.
        self.octaves = nn.ModuleList(nn.Conv2d(2, 2, (3, 9), padding=(1, 4)) for _ in range(config.octaves))
        self.layers = nn.ModuleList([nn.Conv2d(2, channels, (3, 9), padding=(1, 4))])
        self.layers.extend(convolution(channels, channels, (3, 9), (1, 2), dilation) for dilation in config.dilations)
        self.layers.append(convolution(channels, channels, (3, 3)))
        self.head = convolution(channels, 1, (3, 3))

    def forward(self, audio: Tensor) -> tuple[Tensor, Features]:
        """`(batch, time)` -> logits `(batch, 1, frames, bands)`, and the common layers' activations."""
        spectrum = self.transform(audio).transpose(1, 2)
        parts = torch.stack([spectrum.real, spectrum.imag], dim=1).split(self.bins_per_octave, dim=3)
        x = torch.cat([layer(part) for layer, part in zip(self.octaves, parts, strict=True)], dim=3)
        features = activations(self.layers, x, slope=0.1)
        return self.head(features[-1]), features


def build(config: CqtDiscriminatorConfig, sample_rate: int) -> list[nn.Module]:
    """One for each resolution."""
    sizes = zip(config.hops, config.bins_per_octave, strict=True)
    return [CqtDiscriminator(sample_rate, hop, bins, config) for hop, bins in sizes]
