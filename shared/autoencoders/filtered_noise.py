"""Noise with a spectrum that a decoder says (Engel et al. 2020, DDSP; the sizes are those of RAVE's released code)."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from shared.autoencoders.rave_config import FilteredNoiseConfig
from shared.device import full_precision

SLOPE = 0.2
INITIAL = -5.0  # added to what the decoder says: it starts at amplitudes of 2e-5


def exponential_sigmoid(x: Tensor) -> Tensor:
    """`2 sigmoid(x)^2.3 + 1e-7`: from 1e-7 to 2, with more room for what is quiet than a sigmoid has (DDSP: 2.303)."""
    return 2 * x.sigmoid() ** 2.3 + 1e-7


def interpolation(points: int, block: int) -> Tensor:
    """`(points, block / 2 + 1)`: the response at the block's frequencies to a 1 at each of the evenly spaced points.

    It is that of the zero-phase filter of `2 (points − 1)` taps that goes through all points, Hann-windowed.
    """
    length = 2 * (points - 1)
    taps = torch.fft.irfft(torch.eye(points), n=length) * torch.hann_window(length).roll(length // 2)
    time = torch.fft.fftfreq(length, 1 / length)  # 0, 1, …, −2, −1
    hertz = torch.arange(block // 2 + 1) / block
    return taps @ torch.cos(2 * torch.pi * time[:, None] * hertz)


class FilteredNoise(nn.Module):
    """Uniform noise in ±1 for each band, filtered block by block, circularly in the block or cut off at its end.

    In training it is drawn from torch's global generator. In eval mode each call draws the same, so that a decoder is a
    function of its latents.
    """

    interpolation: Tensor

    def __init__(self, config: FilteredNoiseConfig, channels: int, bands: int):
        super().__init__()
        self.bands, self.block, self.circular = bands, config.block, config.circular
        widths = [channels] * len(config.strides) + [bands * config.points]
        self.layers = nn.Sequential()
        for (inputs, outputs), stride in zip(pairwise(widths), config.strides, strict=True):
            self.layers.extend([nn.Conv1d(inputs, outputs, 3, stride, padding=1), nn.LeakyReLU(SLOPE)])
        del self.layers[-1]
        self.register_buffer("interpolation", interpolation(config.points, config.block), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, time)` -> `(batch, bands, time)`; time is a multiple of the block."""
        amplitudes = exponential_sigmoid(self.layers(x).float() + INITIAL).unflatten(1, (self.bands, -1))
        with full_precision(x.device):  # Fourier transforms are not for half precision
            response = amplitudes.transpose(2, 3) @ self.interpolation
            noise = self._draw(response)
            if self.circular:
                return torch.fft.irfft(torch.fft.rfft(noise) * response, n=self.block).flatten(2)
            # The acausal half of the filter stands at the block's end, from where it reaches next to nothing.
            taps, both = torch.fft.irfft(response, n=self.block), 2 * self.block
            filtered = torch.fft.irfft(torch.fft.rfft(noise, n=both) * torch.fft.rfft(taps, n=both), n=both)
            return filtered[..., : self.block].flatten(2)

    def _draw(self, response: Tensor) -> Tensor:
        generator = None if self.training else torch.Generator(response.device).manual_seed(0)
        shape = *response.shape[:-1], self.block
        return 2 * torch.rand(shape, generator=generator, device=response.device) - 1
