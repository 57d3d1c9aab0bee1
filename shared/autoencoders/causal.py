"""Causal autoencoder of LatentLM, VibeVoice and SemaVoice: no output depends on what comes after it.

Encoder: convolution, blocks; for each stride a strided convolution and blocks; convolution. The decoder is the mirror
image, with transposed convolutions. Channels double at each stride. A block is a Transformer's with a depthwise
convolution in place of attention. The arrangement and the defaults are those of VibeVoice's released acoustic
tokenizer (arXiv 2508.19205; `transformers` has it, and tests compare with that). LatentLM (arXiv 2412.08635) says
"ConvNeXt-style" and names the rates 1600, 3200 and 6400; SemaVoice (arXiv 2605.16964) 7 stages, 6 strides and 1600.
Neither publishes strides, depths or widths.

With `spectrum` the outer end works on spectra of frames, as the spectral family does. That is ours, for a CPU.

The layers are in `causal_layers.py`, what works on spectra in `causal_spectrum.py`.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from shared.audio.phases import find_stretch
from shared.audio.spectral import Stft
from shared.autoencoders.causal_config import CausalConfig
from shared.autoencoders.causal_layers import (
    CausalBlock,
    CausalConvolution,
    CausalTransposedConvolution,
    ChannelNorm,
    Past,
)
from shared.autoencoders.causal_spectrum import CausalStft, MagnitudeOutput, SpectrumInput, SpectrumOutput
from shared.autoencoders.magnitudes import MagnitudeDecoder


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
