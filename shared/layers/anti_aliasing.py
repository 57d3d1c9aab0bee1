"""Activations without aliasing (Lee et al. 2023, BigVGAN, section 3; Karras et al. 2021, StyleGAN3).

A pointwise nonlinearity makes frequencies above half the sampling rate, which fold back as inharmonic noise. So it is
applied at twice the rate, between two low-pass filters with the original band as their pass band.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TAPS = 12
# Of the released BigVGAN: 51 dB outside a transition band of 0.6 of the original rate, by Kaiser's formula.
_ATTENUATION = 2.285 * (TAPS // 2 - 1) * math.pi * 1.2 + 7.95
BETA = 0.1102 * (_ATTENUATION - 8.7)


def half_band_filter() -> Tensor:
    """Kaiser-windowed sinc `(TAPS,)` that passes the lower half of the band; it sums to 1."""
    time = torch.arange(TAPS) - (TAPS - 1) / 2
    taps = torch.sinc(time / 2) * torch.kaiser_window(TAPS, periodic=False, beta=BETA)
    return taps / taps.sum()


class AntiAliased(nn.Module):
    """`activation` at twice the rate; the waveform's ends are repeated, not faded to zero."""

    filter: Tensor

    def __init__(self, activation: nn.Module):
        super().__init__()
        self.activation = activation
        self.register_buffer("filter", half_band_filter(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, time)` -> the same."""
        return self._downsample(self.activation(self._upsample(x)))

    def _upsample(self, x: Tensor) -> Tensor:
        channels, margin = x.shape[1], TAPS // 4
        padded = F.pad(x, (margin, margin), mode="replicate")
        weight = 2 * self._weight(x)  # half of the samples that it weighs are zeros
        # What comes of the margins is cut off again, and half a filter at each end.
        cut = 2 * margin + TAPS // 2 - 1
        return F.conv_transpose1d(padded, weight, stride=2, padding=cut, groups=channels)

    def _downsample(self, x: Tensor) -> Tensor:
        padded = F.pad(x, (TAPS // 2 - 1, TAPS // 2), mode="replicate")
        return F.conv1d(padded, self._weight(x), stride=2, groups=x.shape[1])

    def _weight(self, x: Tensor) -> Tensor:
        return self.filter.to(x.dtype).expand(x.shape[1], 1, -1)
