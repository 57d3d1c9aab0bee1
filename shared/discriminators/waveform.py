"""Waveform discriminator, used at several rates (Kumar et al. 2019, MelGAN, section 2.2; RAVE, arXiv 2111.05011).

The sizes are MelGAN's, which RAVE's paper says it takes as they are. RAVE's released code leaves out the weight
normalisation, pools two samples in place of four, pads with zeros and has a head of one sample in place of three.
"""

from itertools import pairwise
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from shared.discriminators.layers import Features, activations
from shared.discriminators.waveform_config import WaveformDiscriminatorConfig

GROUP = 4  # channels that a strided layer sees together


class WaveformDiscriminator(nn.Module):
    """A wide layer, strided layers whose channels meet in groups only, and a common one.

    Args:
        halvings: how many times the waveform's rate is halved first, by averages of four samples.
        config: sizes of the layers.
    """

    def __init__(self, halvings: int, config: WaveformDiscriminatorConfig):
        super().__init__()
        self.halvings = halvings
        widths, last = config.widths, config.widths[-1]
        self.layers = nn.ModuleList([_convolution(1, widths[0], 15, padding_mode="reflect")])
        self.layers.extend(
            _convolution(inputs, outputs, 10 * stride + 1, stride, inputs // GROUP)
            for (inputs, outputs), stride in zip(pairwise(widths), config.strides, strict=True)
        )
        self.layers.append(_convolution(last, last, 5))
        self.head = _convolution(last, 1, 3)

    def forward(self, audio: Tensor) -> tuple[Tensor, Features]:
        """`(batch, time)` -> logits `(batch, 1, frames)`, and each layer's activations."""
        x = audio.unsqueeze(1)
        for _ in range(self.halvings):
            x = F.avg_pool1d(x, 4, stride=2, padding=1, count_include_pad=False)
        features = activations(self.layers, x, slope=0.2)
        return self.head(features[-1]), features


def _convolution(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1,
    padding_mode: Literal["zeros", "reflect"] = "zeros",
) -> nn.Module:
    padding = kernel // 2
    layer = nn.Conv1d(inputs, outputs, kernel, stride, padding, groups=groups, padding_mode=padding_mode)
    return weight_norm(layer)


def build(config: WaveformDiscriminatorConfig, sample_rate: int) -> list[nn.Module]:
    """One for each rate."""
    return [WaveformDiscriminator(halvings, config) for halvings in range(config.scales)]
