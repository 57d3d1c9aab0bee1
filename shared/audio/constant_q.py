"""Constant-Q transform: bins spaced evenly in pitch, with windows as long as a fixed number of periods (Brown 1991)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.audio.spectral import inverse_fft
from shared.config import ConfigError
from shared.device import full_precision

MARGIN = 8  # frames of silence around a waveform, in which the decimation filter's ringing dies away


class ConstantQ(nn.Module):
    """`c[k, n] = Σ_t x[t] w_k(t - n hop) exp(-2πi f_k (t - n hop) / rate)` at `f_k = f_min 2^(k / bins_per_octave)`.

    w_k is a Hann window of unit energy and `Q rate / f_k` samples, `Q = 1 / (2^(1 / bins_per_octave) - 1)`. The
    waveform is silent outside its ends.

    An octave is computed at the lowest rate, by halving, that holds it and still has a sample on each frame: the
    waveform's spectrum is cut and transformed back, then convolved with the octave's windows, which stay short.

    Raises:
        ConfigError: the octaves reach beyond half the sampling rate.
    """

    def __init__(self, sample_rate: int, hop: int, octaves: int, bins_per_octave: int, f_min: float):
        super().__init__()
        highest = f_min * 2**octaves
        if highest > sample_rate / 2:
            reach = f"{octaves} octaves from {f_min:g} Hz end at {highest:g} Hz"
            raise ConfigError(f"constant-Q transform: {reach}, above half the sampling rate of {sample_rate} Hz")
        self.hop, self.octaves = hop, octaves
        self.factors = []
        for octave in range(octaves):
            lowest = f_min * 2**octave
            factor = _decimation(sample_rate, hop, 2 * lowest)
            self.factors.append(factor)
            kernels = _kernels(sample_rate / factor, lowest, bins_per_octave) * math.sqrt(factor)
            self.register_buffer(f"kernels{octave}", kernels, persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """`(batch, time)` -> complex `(batch, octaves · bins_per_octave, ceil(time / hop))`, in float32."""
        frames = -(-waveform.shape[-1] // self.hop)
        silence = MARGIN * self.hop
        padded = F.pad(waveform.float(), (silence, silence + frames * self.hop - waveform.shape[-1]))
        spectrum = torch.fft.rfft(padded)
        with full_precision(waveform.device):
            octaves = [self._octave(octave, spectrum, padded.shape[-1]) for octave in range(self.octaves)]
        return torch.cat(octaves, dim=1)[..., MARGIN : MARGIN + frames]

    def _octave(self, octave: int, spectrum: Tensor, length: int) -> Tensor:
        factor, kernels = self.factors[octave], getattr(self, f"kernels{octave}")
        decimated = inverse_fft(spectrum[:, : length // factor // 2 + 1], length // factor) / factor
        margin = kernels.shape[-1] // 2
        parts = F.conv1d(decimated.unsqueeze(1), kernels, stride=self.hop // factor, padding=margin)
        return torch.complex(*parts.chunk(2, dim=1))


def _decimation(sample_rate: int, hop: int, highest: float) -> int:
    """Greatest power of two that divides the hop and leaves a quarter more than the rate that `highest` needs."""
    factor = 1
    while hop % (2 * factor) == 0 and sample_rate / (2 * factor) >= 2.5 * highest:
        factor *= 2
    return factor


def _kernels(sample_rate: float, lowest: float, bins_per_octave: int) -> Tensor:
    """Windowed cosines, then negative sines, of an octave: `(2 · bins_per_octave, 1, samples)`, samples odd."""
    frequencies = lowest * 2 ** (torch.arange(bins_per_octave, dtype=torch.float64)[:, None] / bins_per_octave)
    quality = 1 / (2 ** (1 / bins_per_octave) - 1)
    half = int(quality * sample_rate / lowest / 2)
    time = torch.arange(-half, half + 1, dtype=torch.float64) / sample_rate
    cycles = time * frequencies
    window = torch.where(cycles.abs() < quality / 2, (math.pi * cycles / quality).cos().square(), 0)
    window = window / window.square().sum(dim=1, keepdim=True).sqrt()
    angle = 2 * math.pi * cycles
    return torch.cat([window * angle.cos(), -window * angle.sin()]).unsqueeze(1).float()
