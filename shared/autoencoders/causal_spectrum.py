"""Spectra of frames at the outer end of the causal family, complex or magnitudes alone."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.audio.spectral import inverse_fft, overlap_add, split_frames
from shared.autoencoders.causal_config import CausalSpectrumConfig
from shared.autoencoders.causal_layers import ChannelNorm, Past, after_past
from shared.autoencoders.log_polar import from_log_polar, log_polar
from shared.autoencoders.magnitudes import features, from_head


class CausalStft(nn.Module):
    """Windows of spectra, as `Stft` places them ("same"), but none reaches over the end of its latent frame.

    A latent frame knows all of its own stretch of time and nothing after it. So its windows see the stretch, `before`
    samples that precede it, and zeros instead of the `after` samples that follow. On the way back a window adds to its
    own latent frame's stretch and to the next ones', and what it would add to the one before is dropped.
    """

    window: Tensor
    envelope: Tensor

    def __init__(self, config: CausalSpectrumConfig, frames: int):
        super().__init__()
        self.n_fft, self.hop, self.frames = config.n_fft, config.hop, frames
        self.stretch = frames * config.hop
        self.before = (config.n_fft - config.hop) // 2
        self.after = config.n_fft - config.hop - self.before
        self.overlap = math.ceil(self.after / self.stretch)  # latent frames that a window reaches into
        window = torch.hann_window(config.n_fft)
        self.register_buffer("window", window, persistent=False)
        weights = self._stretches(window.square().expand(1, frames, -1))
        self.register_buffer("envelope", weights.unflatten(-1, (-1, self.stretch)).sum((0, 1)), persistent=False)

    def forward(self, audio: Tensor, past: Past | None) -> Tensor:
        """`(batch, 1, time)` -> complex `(batch, frames, bins)`."""
        waveform = after_past(self, audio.float(), self.before, past).squeeze(1)
        stretches = F.pad(split_frames(waveform, self.before + self.stretch, self.stretch), (0, self.after))
        windows = split_frames(stretches.flatten(0, 1), self.n_fft, self.hop)
        return torch.fft.rfft(windows * self.window).reshape(len(audio), -1, self.n_fft // 2 + 1)

    def inverse(self, spectrum: Tensor, past: Past | None) -> Tensor:
        """Complex `(batch, frames, bins)` -> `(batch, 1, time)`."""
        windows = inverse_fft(spectrum, self.n_fft) * self.window
        stretches = self._stretches(windows.unflatten(1, (-1, self.frames)).flatten(0, 1))
        stretches = stretches.unflatten(0, (len(spectrum), -1)).transpose(1, 2)
        known = after_past(self, stretches, self.overlap, past)
        start, length = self.overlap * self.stretch, stretches.shape[-1] * self.stretch
        waveform = overlap_add(known.transpose(1, 2), self.stretch)[:, start : start + length]
        return (waveform.unflatten(1, (-1, self.stretch)) / self.envelope).flatten(1).unsqueeze(1)

    def _stretches(self, windows: Tensor) -> Tensor:
        """Windows of latent frames `(frames, windows, n_fft)` -> what each adds to its own and later stretches."""
        added = overlap_add(windows, self.hop)[:, self.before :]
        return F.pad(added, (0, -added.shape[-1] % self.stretch))


class SpectrumInput(nn.Module):
    """`(batch, 1, time)` -> `(batch, channels, frames)`: log magnitude and phase direction of each bin, projected.

    Or magnitudes alone, where a `floor` is given.
    """

    def __init__(self, stft: CausalStft, channels: int, floor: float | None = None):
        super().__init__()
        self.stft, self.floor = stft, floor
        self.project = nn.Linear((1 if floor else 3) * (stft.n_fft // 2 + 1), channels)

    def forward(self, audio: Tensor, past: Past | None = None) -> Tensor:
        """`time` is a multiple of the latent's hop."""
        spectrum = self.stft(audio, past)
        seen = features(spectrum.abs(), self.floor) if self.floor else log_polar(spectrum)
        return self.project(seen).transpose(1, 2)


class SpectrumOutput(nn.Module):
    """`(batch, channels, frames)` -> `(batch, 1, time)`: the head's halves are log magnitude and phase of each bin."""

    def __init__(self, stft: CausalStft, channels: int):
        super().__init__()
        self.stft = stft
        self.norm = ChannelNorm(channels)
        self.head = nn.Linear(channels, stft.n_fft + 2)

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """`frames` are those of whole latent frames."""
        x = self.head(self.norm(x).transpose(1, 2)).float().transpose(1, 2)
        return self.stft.inverse(from_log_polar(x).transpose(1, 2), past)


class MagnitudeOutput(nn.Module):
    """`(batch, channels, frames)` -> magnitudes `(batch, bins, frames)`."""

    def __init__(self, config: CausalSpectrumConfig, channels: int):
        super().__init__()
        assert config.magnitudes
        self.floor = config.magnitudes.floor
        self.norm = ChannelNorm(channels)
        self.head = nn.Linear(channels, config.n_fft // 2 + 1)

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """Each frame by itself, whatever its past."""
        return from_head(self.head(self.norm(x).transpose(1, 2)).float().transpose(1, 2), self.floor)
