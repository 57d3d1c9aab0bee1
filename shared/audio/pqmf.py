"""Pseudo quadrature mirror filters: a waveform as critically sampled bands of equal width, and back.

    h_k(n) = 2 p(n) cos((2k + 1) π n / 2M + (−1)^k π / 4),  n = −N … N
    y_k(t) = ± Σ_n h_k(n) x(tM − n),  x̂(n) = M Σ_k Σ_t ± h_k(tM − n) y_k(t)

for bands k = 0 … M − 1 of M. What a band's neighbour folds into it cancels in the sum (Rothweiler 1983). The prototype
p is a low-pass filter by Kaiser's window, its cutoff such that p * p is as near as it gets to zero at every 2M-th
sample, which makes the whole response flat (Lin and Vaidyanathan 1998). Filters are centred, so nothing is delayed.

Decimation turns the spectrum of every odd band upside down; the sign ± = (−1)^t there turns it back. A band's samples
are of the size of the waveform's: a tone of amplitude a is one of amplitude a in its band.
"""

import functools

import numpy as np
import scipy  # its parts load when first used, so that no job without a filter bank waits for them
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.config import ConfigError
from shared.device import full_precision

ATTENUATION = 100.0  # dB, outside a band and the near third of its neighbours; RAVE's released code


@functools.cache
def prototype(bands: int, attenuation: float = ATTENUATION) -> np.ndarray:
    """p, `(2N + 1,)`: its transition from pass band to stop band is half a band wide, as in RAVE's released code."""
    length, beta = scipy.signal.kaiserord(attenuation, 1 / (2 * bands))

    def design(cutoff: float) -> np.ndarray:
        return scipy.signal.firwin(length // 2 * 2 + 1, cutoff, window=("kaiser", beta), scale=False)

    def ripple(cutoff: float) -> float:
        taps = design(cutoff)
        return np.abs(np.convolve(taps, taps)[len(taps) - 1 :: 2 * bands][1:]).max()

    # As a share of half the sampling rate, a band's half width is 1 / 2M, and there p is at −3 dB.
    bounds = (1 / (2 * bands), 0.6 / bands)
    return design(scipy.optimize.minimize_scalar(ripple, bounds=bounds, method="bounded", options={"xatol": 1e-10}).x)


@functools.cache
def released_prototype(bands: int, attenuation: float = ATTENUATION) -> np.ndarray:
    """p, `(2N + 1,)`, of RAVE's code: its length follows the cutoff in the search for the flattest response."""

    def design(cutoff: float) -> np.ndarray:
        length, beta = scipy.signal.kaiserord(attenuation, cutoff)
        return scipy.signal.firwin(length // 2 * 2 + 1, cutoff, window=("kaiser", beta), scale=False)

    def ripple(cutoff: np.ndarray) -> float:
        taps = design(float(cutoff[0]) / np.pi)
        return np.abs(np.convolve(taps, taps)[len(taps) - 1 :: 2 * bands][1:]).max()

    return design(float(scipy.optimize.fmin(ripple, 1 / bands, disp=0)[0]) / np.pi)


def filter_bank(bands: int, attenuation: float = ATTENUATION) -> np.ndarray:
    """h, `(bands, 2N + 1)`, lowest band first."""
    return modulated(prototype(bands, attenuation), bands)


def modulated(low_pass: np.ndarray, bands: int) -> np.ndarray:
    """A filter for each band, `(bands, 2N + 1)`, of a prototype `(2N + 1,)`."""
    middle = len(low_pass) // 2
    n, k = np.arange(-middle, middle + 1), np.arange(bands)[:, None]
    return 2 * low_pass * np.cos((2 * k + 1) * np.pi / (2 * bands) * n + (-1.0) ** k * np.pi / 4)


class Pqmf(nn.Module):
    """Analysis, and synthesis by `inverse`: each nearly undoes the other, with an error of −60 dB.

    Beyond its ends the waveform is taken for silence, and so are the bands: within N samples of an end the error is
    greater. Both are computed in float32.

    Args:
        bands: how many.
        attenuation: outside a band, in dB.
        released: with the filters of RAVE's released code: h(−n) is in the place of h(n), a sample early, its prototype
            is shorter, and odd bands have the other sign.

    Raises:
        ConfigError: there are fewer than two bands.
    """

    weight: Tensor

    def __init__(self, bands: int, attenuation: float = ATTENUATION, released: bool = False):
        super().__init__()
        if bands < 2:
            raise ConfigError(f"a filter bank needs 2 bands or more (got {bands})")
        self.bands = bands
        filters = _released(bands, attenuation) if released else filter_bank(bands, attenuation)[:, ::-1]
        weight = torch.tensor(filters[:, None].copy(), dtype=torch.float32)  # torch does not turn a kernel round
        self.register_buffer("weight", weight, persistent=False)
        self.padding = self.weight.shape[-1] // 2

    def forward(self, audio: Tensor) -> Tensor:
        """`(batch, 1, time)` -> `(batch, bands, time / bands)`.

        Raises:
            ValueError: time is no multiple of the bands.
        """
        if audio.shape[-1] % self.bands:
            raise ValueError(f"{audio.shape[-1]} samples are no multiple of {self.bands} bands")
        # In half precision the error would be −50 dB.
        with full_precision(audio.device):
            return _turn_odd(F.conv1d(audio.float(), self.weight, stride=self.bands, padding=self.padding))

    def inverse(self, bands: Tensor) -> Tensor:
        """`(batch, bands, frames)` -> `(batch, 1, frames * bands)`."""
        with full_precision(bands.device):
            upright = self.bands * _turn_odd(bands.float())
            last = self.bands - 1  # samples after the last frame, which the convolution would leave out
            return F.conv_transpose1d(upright, self.weight, None, self.bands, self.padding, last)


def _released(bands: int, attenuation: float) -> np.ndarray:
    signs = np.where(np.arange(bands) % 2, -1, 1)[:, None]
    return np.pad(signs * modulated(released_prototype(bands, attenuation), bands), ((0, 0), (0, 2)))


def _turn_odd(bands: Tensor) -> Tensor:
    """Every second sample of every second band of `(batch, bands, frames)` with the other sign."""
    odd_band, odd_frame = (torch.arange(size, device=bands.device) % 2 == 1 for size in bands.shape[1:])
    return torch.where(odd_band[:, None] & odd_frame, -bands, bands)
