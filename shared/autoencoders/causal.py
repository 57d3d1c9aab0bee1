"""Causal autoencoder of LatentLM, VibeVoice and SemaVoice: no output depends on what comes after it.

Encoder: convolution, blocks; for each stride a strided convolution and blocks; convolution. The decoder is the mirror
image, with transposed convolutions. Channels double at each stride. A block is a Transformer's with a depthwise
convolution in place of attention. The arrangement and the defaults are those of VibeVoice's released acoustic
tokenizer (arXiv 2508.19205; `transformers` has it, and tests compare with that). LatentLM (arXiv 2412.08635) says
"ConvNeXt-style" and names the rates 1600, 3200 and 6400; SemaVoice (arXiv 2605.16964) 7 stages, 6 strides and 1600.
Neither publishes strides, depths or widths.

With `spectrum` the outer end works on spectra of frames, as the spectral family does. That is ours, for a CPU.

Every layer takes `past`, what it was given before: None, when all comes at once, or a dict that lasts from one chunk to
the next (`DecoderStream`).
"""

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.audio.phases import find_stretch
from shared.audio.spectral import Stft, inverse_fft, overlap_add, split_frames
from shared.autoencoders.causal_config import CausalConfig, CausalSpectrumConfig
from shared.autoencoders.log_polar import from_log_polar, log_polar
from shared.autoencoders.magnitudes import MagnitudeDecoder, features, from_head
from shared.layers.unit import Unit

RMS_EPSILON = 1e-5  # VibeVoice
Past = dict[nn.Module, Any]  # tensors, and a waveform's `StreamState`


def after_past(layer: nn.Module, x: Tensor, steps: int, past: Past | None) -> Tensor:
    """`x` behind the last `steps` of what `layer` was given before, zeros at the start; `(batch, channels, time)`."""
    x = torch.cat([past[layer], x], dim=-1) if past and layer in past else F.pad(x, (steps, 0))
    if past is not None:
        past[layer] = x[..., x.shape[-1] - steps :]
    return x


class CausalConvolution(nn.Conv1d):
    """`(batch, inputs, time)` -> `(batch, outputs, time / stride)`; a step sees nothing after its own stride."""

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """`time` is a multiple of the stride."""
        return super().forward(after_past(self, x, self.kernel_size[0] - self.stride[0], past))


class CausalTransposedConvolution(nn.ConvTranspose1d):
    """`(batch, inputs, time)` -> `(batch, outputs, time * stride)`; of a step comes nothing before its own stride."""

    # In place of PyTorch's `output_size`, which here follows from the stride.
    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:  # type: ignore[override]
        """The kernel is two strides long: a stride of output is made of this step and the one before."""
        stride, time = self.stride[0], x.shape[-1]
        return super().forward(after_past(self, x, 1, past))[..., stride : (time + 1) * stride]


class ChannelNorm(nn.RMSNorm):
    """RMSNorm over the channels of `(batch, channels, time)`."""

    def __init__(self, channels: int):
        super().__init__(channels, eps=RMS_EPSILON)

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """Each step by itself, whatever its past."""
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class CausalBlock(Unit):
    """`y = x + a * depthwise(norm(x))`, `y + b * feed_forward(norm(y))`, a and b trained for each channel."""

    def __init__(self, channels: int, config: CausalConfig):
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.depthwise = CausalConvolution(channels, channels, config.kernel, groups=channels)
        self.depthwise_scale = nn.Parameter(torch.full((channels, 1), config.layer_scale))
        hidden = config.expansion * channels
        self.feed_forward = nn.Sequential(
            nn.RMSNorm(channels, eps=RMS_EPSILON), nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels)
        )
        self.feed_forward_scale = nn.Parameter(torch.full((channels, 1), config.layer_scale))

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """`(batch, channels, time)` -> the same."""
        mixed = self.depthwise(self.norm(x), past)
        x = x + self.depthwise_scale * mixed
        return x + self.feed_forward_scale * self.feed_forward(x.transpose(1, 2)).transpose(1, 2)


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


class CausalLayers(nn.Module):
    """Layers one after the other, each given `past`."""

    def __init__(self, config: CausalConfig, *layers: nn.Module):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        for module in self.modules():
            if config.initial_std and isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.normal_(module.weight, std=config.initial_std)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """Through all of them."""
        for layer in self.layers:
            x = layer(x, past)
        return x


class CausalEncoder(CausalLayers):
    """`(batch, 1, time)` -> `(batch, out_channels, time / hop)`; time is a multiple of the hop."""

    def __init__(self, config: CausalConfig, out_channels: int):
        widths = config.widths
        layers: list[nn.Module] = []
        if config.spectrum:
            stft = CausalStft(config.spectrum, math.prod(config.strides))
            magnitudes = config.spectrum.magnitudes
            layers.append(SpectrumInput(stft, widths[0], magnitudes.floor if magnitudes else None))
        else:
            layers.append(CausalConvolution(1, widths[0], config.kernel))
        layers += _blocks(config, 0)
        for index, ((outer, inner), stride) in enumerate(zip(pairwise(widths), config.strides, strict=True)):
            layers.append(CausalConvolution(outer, inner, 2 * stride, stride))
            layers += _blocks(config, index + 1)
        if config.latent_norm:
            layers.append(ChannelNorm(widths[-1]))
        super().__init__(config, *layers, CausalConvolution(widths[-1], out_channels, config.latent_kernel))


class CausalDecoder(CausalLayers):
    """`(batch, latent_dim, frames)` -> `(batch, 1, frames * hop)`, or magnitudes `(batch, bins, STFT frames)`."""

    def __init__(self, config: CausalConfig, latent_dim: int):
        widths, last = config.widths, len(config.strides)
        layers: list[nn.Module] = [CausalConvolution(latent_dim, widths[-1], config.latent_kernel)]
        layers += _blocks(config, last)
        for index in reversed(range(last)):
            stride = config.strides[index]
            layers.append(CausalTransposedConvolution(widths[index + 1], widths[index], 2 * stride, stride))
            layers += _blocks(config, index)
        if config.spectrum and config.spectrum.magnitudes:
            layers.append(MagnitudeOutput(config.spectrum, widths[0]))
        elif config.spectrum:
            stft = CausalStft(config.spectrum, math.prod(config.strides))
            layers.append(SpectrumOutput(stft, widths[0]))
        else:
            layers.append(CausalConvolution(widths[0], 1, config.kernel))
        super().__init__(config, *layers)


def _blocks(config: CausalConfig, index: int) -> list[CausalBlock]:
    return [CausalBlock(config.widths[index], config) for _ in range(config.depths[index])]


class CausalMagnitudes(MagnitudeDecoder):
    """Magnitudes, and a waveform of them latent frame by latent frame: what was returned is settled.

    In training the magnitudes are compared with those of whole windows, of which the last reach over the end of their
    latent frame: there the decoder learns what to expect.
    """

    def __init__(self, config: CausalConfig, latent_dim: int):
        super().__init__()
        spectrum = config.spectrum
        assert spectrum and spectrum.magnitudes
        self.floor, self.iterations = spectrum.magnitudes.floor, spectrum.magnitudes.iterations
        self.stft = Stft(spectrum.n_fft, spectrum.hop, padding="same")
        self.frames = math.prod(config.strides)
        self.layers = CausalDecoder(config, latent_dim)

    def magnitudes(self, latents: Tensor, past: Past | None = None) -> Tensor:
        """See `MagnitudeDecoder`."""
        return self.layers(latents, past).unsqueeze(1)

    def forward(self, latents: Tensor, past: Past | None = None) -> Tensor:
        """`(batch, latent_dim, frames)` -> `(batch, 1, frames * hop)`."""
        stretches, state = [], past.get(self) if past else None
        for magnitude in self.magnitudes(latents, past).squeeze(1).clamp_min(0).split(self.frames, dim=2):
            stretch, state = find_stretch(magnitude, self.stft, self.iterations, state)
            stretches.append(stretch)
        if past is not None:
            past[self] = state
        return torch.cat(stretches, dim=1).unsqueeze(1)


class DecoderStream:
    """Decodes latent frames as they come; what it returns, joined, is what the decoder makes of all at once."""

    def __init__(self, decoder: CausalDecoder | CausalMagnitudes):
        self.decoder = decoder
        self.past: Past = {}

    def __call__(self, latents: Tensor) -> Tensor:
        """The next frames `(batch, dim, frames)` -> their waveform `(batch, 1, frames * hop)`."""
        return self.decoder(latents, self.past)


build_encoder = CausalEncoder


def build_decoder(config: CausalConfig, latent_dim: int) -> CausalDecoder | CausalMagnitudes:
    """The decoder that the config asks for."""
    return (CausalMagnitudes if config.makes_magnitudes else CausalDecoder)(config, latent_dim)
