"""Short-time Fourier transforms and mel spectrograms, differentiable and quick on a CPU.

Axes: `time` in samples, `frames` in hops, `bins` = n_fft / 2 + 1 frequencies from 0 Hz to half the rate.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from shared.config import ConfigError

Padding = Literal["center", "same"]
MelScale = Literal["slaney", "htk"]
LEAST_MAGNITUDE = 1e-18  # of which the square is still a normal float32


def split_frames(waveform: Tensor, length: int, hop: int) -> Tensor:
    """Cut `(batch, time)` into overlapping frames `(batch, frames, length)`; what fills no frame is dropped.

    Where the hop divides the length, frames are put together from hop-sized blocks: the gradient is then
    a few shifted additions, about twice as quick on a CPU as that of `Tensor.unfold`.
    """
    if length % hop:
        return waveform.unfold(-1, length, hop)
    blocks = waveform[:, : waveform.shape[1] // hop * hop].unflatten(1, (-1, hop))
    overlap = length // hop
    frames = blocks.shape[1] - overlap + 1
    return torch.cat([blocks[:, start : start + frames] for start in range(overlap)], dim=-1)


def overlap_add(frames: Tensor, hop: int) -> Tensor:
    """Sum frames `(batch, frames, length)` at every `hop` samples: `(batch, (frames - 1) * hop + length)`."""
    batch, count, length = frames.shape
    if length % hop:
        total = (count - 1) * hop + length
        return F.fold(frames.transpose(1, 2), (1, total), (1, length), stride=(1, hop)).reshape(batch, total)
    overlap = length // hop
    blocks = frames.unflatten(2, (overlap, hop))
    total = blocks.new_zeros(batch, count + overlap - 1, hop)
    for i in range(overlap):
        total[:, i : i + count] += blocks[:, :, i]
    return total.flatten(1)


def inverse_fft(spectrum: Tensor, n: int) -> Tensor:
    """Inverse of the real FFT: complex `(..., n // 2 + 1)` → real `(..., n)`.

    0 Hz and half the rate are real in the FFT of a real signal. What a model or a cut puts into their imaginary
    parts counts for nothing; but cuFFT may not leave it out (PyTorch's issue 154496), so that what has no cost in
    training can come out as a tone at either end once the shape is another.
    """
    imaginary = spectrum.imag.clone()
    imaginary[..., 0] = 0
    if n % 2 == 0:
        imaginary[..., -1] = 0
    return torch.fft.irfft(torch.complex(spectrum.real, imaginary), n=n)


class MagnitudeSpectrogram(torch.autograd.Function):
    """`|rfft(window · frames)|`, what `Stft.magnitude` needs of it, in 0.6 of the time of one step after another.

    Its gradient goes back once: a gradient of that gradient raises RuntimeError.
    """

    @staticmethod
    def forward(ctx, waveform: Tensor, window: Tensor, hop: int) -> Tensor:
        """`(batch, time)` -> `(batch, frames, bins)`."""
        spectrum = torch.fft.rfft(waveform.unfold(-1, len(window), hop) * window)
        # abs() would guard against squares that overflow, at several times the cost; no audio is that loud.
        real, imaginary = spectrum.real, spectrum.imag
        magnitude = real.square().addcmul_(imaginary, imaginary).sqrt_()
        ctx.save_for_backward(spectrum, magnitude, window)
        ctx.hop, ctx.time = hop, waveform.shape[-1]
        return magnitude

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        """Along `spectrum / magnitude`, which is zero at zero, and back by the transposed FFT.

        The inverse FFT counts each bin but 0 Hz and half the rate twice; the transposed one, once.
        """
        spectrum, magnitude, window = ctx.saved_tensors
        factor = gradient / magnitude.clamp_min(LEAST_MAGNITUDE)
        factor[..., 1 : (len(window) + 1) // 2] /= 2
        frames = torch.fft.irfft(spectrum * factor, n=len(window), norm="forward") * window
        waveform = overlap_add(frames, ctx.hop)
        return F.pad(waveform, (0, ctx.time - waveform.shape[1])), None, None


class Stft(nn.Module):
    """Complex spectrogram of Hann-windowed frames, and its inverse.

    `padding` says where frame 0 lies. "center": centred on sample 0, so that there are
    `time // hop + 1` frames (as in librosa and torch). "same": `time // hop` frames, what an autoencoder with
    this hop needs (as in Vocos). Both mirror the waveform at its ends. All is computed in float32.

    Raises:
        ConfigError: the window is longer than `n_fft`, or the hop longer than the window.
    """

    window: Tensor

    def __init__(self, n_fft: int, hop: int, window: int | None = None, padding: Padding = "center"):
        super().__init__()
        window = n_fft if window is None else window
        if not 0 < hop <= window <= n_fft:
            raise ConfigError(f"an STFT needs 0 < hop <= window <= n_fft (got {hop}, {window}, {n_fft})")
        self.n_fft, self.hop = n_fft, hop
        outside = n_fft - hop if padding == "same" else n_fft // 2 * 2
        self.margins = (outside // 2, outside - outside // 2)
        left = (n_fft - window) // 2
        hann = F.pad(torch.hann_window(window), (left, n_fft - window - left))
        self.register_buffer("window", hann, persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """`(batch, time)` -> complex `(batch, bins, frames)`.

        Raises:
            ValueError: the waveform is too short to be mirrored at its ends.
        """
        frames = split_frames(self._mirror(waveform), self.n_fft, self.hop)
        return torch.fft.rfft(frames * self.window).transpose(1, 2)

    def magnitude(self, waveform: Tensor) -> Tensor:
        """`(batch, time)` -> `(batch, bins, frames)`; the gradient at an exact zero is zero, not NaN.

        Raises:
            ValueError: as above.
        """
        return MagnitudeSpectrogram.apply(self._mirror(waveform), self.window, self.hop).transpose(1, 2)

    def _mirror(self, waveform: Tensor) -> Tensor:
        if waveform.shape[-1] <= self.margins[1]:
            raise ValueError(f"{waveform.shape[-1]} samples are too few for an STFT of {self.n_fft}")
        return F.pad(waveform.float(), self.margins, mode="reflect")

    def inverse(self, spectrum: Tensor, length: int | None = None) -> Tensor:
        """Complex `(batch, bins, frames)` -> `(batch, time)`, cut to `length` if given.

        Windowed frames are added up and divided by the sum of squared windows: the signal whose STFT is
        closest to `spectrum` (Griffin and Lim 1984, eq. 6), so `inverse(stft(x)) == x`.
        """
        frames = inverse_fft(spectrum.transpose(1, 2), self.n_fft) * self.window
        envelope = overlap_add(self.window.square().expand(1, frames.shape[1], -1), self.hop)
        waveform = overlap_add(frames, self.hop) / envelope.clamp_min(1e-8)
        before, after = self.margins
        return waveform[:, before : waveform.shape[1] - after][:, :length]


def hertz_to_mel(hertz: Tensor, scale: MelScale) -> Tensor:
    """HTK: `2595 log10(1 + f / 700)`. Slaney: 200/3 Hz a mel to 1 kHz, above it 27 mels a factor of 6.4."""
    if scale == "htk":
        return 2595 * torch.log10(1 + hertz / 700)
    logarithmic = 15 + 27 * torch.log(hertz.clamp_min(1) / 1000) / math.log(6.4)
    return torch.where(hertz < 1000, hertz * 3 / 200, logarithmic)


def mel_to_hertz(mel: Tensor, scale: MelScale) -> Tensor:
    """Inverse of `hertz_to_mel`."""
    if scale == "htk":
        return 700 * (10 ** (mel / 2595) - 1)
    return torch.where(mel < 15, mel * 200 / 3, 1000 * torch.exp((mel - 15) * math.log(6.4) / 27))


def mel_filterbank(
    sample_rate: int,
    n_fft: int,
    n_mels: int,
    f_min: float = 0.0,
    f_max: float | None = None,
    scale: MelScale = "slaney",
    unit_area: bool = True,
) -> Tensor:
    """Triangular filters `(n_mels, bins)`, evenly spaced in mel; the defaults are librosa's.

    `unit_area` divides each filter by half its width in Hz (Slaney's norm), else each peaks at 1.

    Raises:
        ConfigError: a filter falls between two bins and would never see anything.
    """
    f_max = sample_rate / 2 if f_max is None else f_max
    first, last = hertz_to_mel(torch.tensor([f_min, f_max], dtype=torch.float64), scale).tolist()
    corners = mel_to_hertz(torch.linspace(first, last, n_mels + 2, dtype=torch.float64), scale)
    bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * sample_rate / n_fft
    low, centre, high = (corners[i : i + n_mels, None] for i in range(3))
    filters = torch.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)).clamp_min(0)
    empty = int((filters.sum(1) == 0).sum())
    if empty:
        where = f"n_fft={n_fft}, {sample_rate} Hz"
        raise ConfigError(f"{empty} of {n_mels} mel filters are empty at {where}: use fewer")
    return (filters * 2 / (high - low) if unit_area else filters).float()


class MelSpectrogram(nn.Module):
    """Mel-weighted spectrogram: `filterbank @ |STFT| ** power`.

    Raises:
        ConfigError: see `Stft` and `mel_filterbank`.
    """

    filterbank: Tensor

    def __init__(
        self,
        sample_rate: int,
        n_fft: int,
        hop: int,
        n_mels: int,
        power: Literal[1, 2] = 1,
        f_min: float = 0.0,
        f_max: float | None = None,
        scale: MelScale = "slaney",
        unit_area: bool = True,
        padding: Padding = "center",
    ):
        super().__init__()
        self.power = power
        self.stft = Stft(n_fft, hop, padding=padding)
        with torch.device("cpu"):  # where a filter can be seen to be empty, also if the module is built on meta
            filterbank = mel_filterbank(sample_rate, n_fft, n_mels, f_min, f_max, scale, unit_area)
        self.register_buffer("filterbank", filterbank.to(self.stft.window.device), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """`(batch, time)` -> `(batch, n_mels, frames)`."""
        magnitude = self.stft.magnitude(waveform)
        return self.filterbank @ (magnitude if self.power == 1 else magnitude.square())


def safe_log(value: Tensor, floor: float = 1e-5) -> Tensor:
    """Natural logarithm of `max(value, floor)`; below the floor the gradient is zero."""
    return value.clamp_min(floor).log()


def soft_log(value: Tensor, floor: float) -> Tensor:
    """`log(1 + value / floor)`: linear below the floor, where it still has a gradient; logarithmic above."""
    return torch.log1p(value / floor)
