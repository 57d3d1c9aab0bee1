"""BigVGAN's generator as a decoder (Lee et al. 2023, "BigVGAN", section 3; version 2 has SnakeBeta with log scale).

Convolution; for each stride a transposed convolution and the mean of several AMP blocks in parallel; SnakeBeta,
convolution. Every convolution is weight-normalised, every SnakeBeta anti-aliased. As in Semantic-VAE's decoder the
last convolution has no bias, and the output is clamped to ±1 and not bent by a tanh.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from shared.autoencoders.blocks import convolution
from shared.autoencoders.dac_config import BigvganDecoderConfig
from shared.layers.anti_aliasing import AntiAliased
from shared.layers.snake import SnakeBeta
from shared.layers.unit import Unit


def _activation(channels: int) -> AntiAliased:
    return AntiAliased(SnakeBeta(channels))


class AmpBlock(Unit):
    """Anti-aliased multi-periodicity block ("AMPBlock1"): `x + W snake(W_d snake(x))` for each dilation d in turn."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                _activation(channels),
                convolution(channels, channels, kernel, dilation),
                _activation(channels),
                convolution(channels, channels, kernel),
            )
            for dilation in dilations
        )

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, time)` -> the same."""
        for layer in self.layers:
            x = x + layer(x)
        return x


class Stage(nn.Module):
    """`(batch, inputs, time)` -> `(batch, inputs / 2, time * stride)`: a transposed convolution, then AMP blocks."""

    def __init__(self, inputs: int, stride: int, kernel: int, config: BigvganDecoderConfig):
        super().__init__()
        outputs, padding = inputs // 2, (kernel - stride) // 2
        self.upsample = weight_norm(nn.ConvTranspose1d(inputs, outputs, kernel, stride, padding))
        self.blocks = nn.ModuleList(
            AmpBlock(outputs, size, config.resblock_dilations) for size in config.resblock_kernels
        )

    def forward(self, x: Tensor) -> Tensor:
        """The mean of the blocks, which differ in the length of their kernels."""
        x = self.upsample(x)
        return sum(block(x) for block in self.blocks) / len(self.blocks)


class BigvganDecoder(nn.Sequential):
    """`(batch, latent_dim, frames)` -> `(batch, 1, frames * hop)`, in ±1."""

    def __init__(self, config: BigvganDecoderConfig, latent_dim: int):
        sizes = enumerate(zip(config.strides, config.kernels, strict=True))
        width = config.channels // 2 ** len(config.strides)
        super().__init__(
            convolution(latent_dim, config.channels, 7),
            *(Stage(config.channels // 2**index, *size, config) for index, size in sizes),
            _activation(width),
            convolution(width, 1, 7, bias=False),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """Where the output is clamped, no gradient flows."""
        return torch.clamp(super().forward(latents), -1, 1)
