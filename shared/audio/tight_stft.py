"""A short-time Fourier transform that keeps energy: a tight frame, as SAME's losses use it (arXiv 2605.18613)."""

import math

import torch
from torch import Tensor

from shared.audio.spectral import Padding, Stft
from shared.config import ConfigError


class TightStft(Stft):
    """Complex spectrogram with `Σ |X|² = Σ x²`, away from the ends: windows `A sin^p(π n / N)`, p = N / hop − 1.

    A makes the squared windows of overlapping frames add up to 1; bins of positive frequency stand for their negative
    twins too, hence a factor of √2 for all but the first and the last.

    Raises:
        ConfigError: the hop is longer than half of `n_fft`, or doesn't divide it.
    """

    weight: Tensor

    def __init__(self, n_fft: int, hop: int, padding: Padding = "center"):
        if hop < 1 or n_fft % hop or n_fft // hop < 2 or n_fft % 2:
            raise ConfigError(f"a tight STFT needs a hop that divides half of n_fft, or all of it (got {hop}, {n_fft})")
        super().__init__(n_fft, hop, padding=padding)
        power = n_fft // hop - 1
        mean_square = math.comb(2 * power, power) / 4**power
        sine = torch.sin(math.pi * torch.arange(n_fft) / n_fft)
        self.register_buffer("window", sine**power / math.sqrt(n_fft / hop * mean_square), persistent=False)
        weight = torch.full((n_fft // 2 + 1, 1), math.sqrt(2 / n_fft))
        weight[[0, -1]] = math.sqrt(1 / n_fft)
        self.register_buffer("weight", weight, persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """`(batch, time)` -> complex `(batch, bins, frames)`."""
        return super().forward(waveform) * self.weight

    def magnitude(self, waveform: Tensor) -> Tensor:
        """As that of `Stft`."""
        return super().magnitude(waveform) * self.weight

    def inverse(self, spectrum: Tensor, length: int | None = None) -> Tensor:
        """As that of `Stft`."""
        return super().inverse(spectrum / self.weight, length)
