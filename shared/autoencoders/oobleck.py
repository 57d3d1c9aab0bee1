"""Oobleck: a fully convolutional waveform autoencoder (stable-audio), with LongCat-AudioDiT's shortcuts.

Encoder: convolution, a `down_block` a stride, convolution. Decoder: the mirror image, with `up_block`s.
Every convolution is weight-normalised and every activation is a `SnakeBeta`. The arrangement, down to which
convolution has a bias, is that of the released LongCat-AudioDiT, whose parameters a test counts. Without shortcuts it
is not yet Stable Audio's, which has a Snake before the encoder's last convolution, too (`AutoencoderOobleck` of
`diffusers`).
"""

from torch import nn

from shared.autoencoders.blocks import Shortcut, convolution, down_block, up_block
from shared.autoencoders.oobleck_config import OobleckConfig
from shared.autoencoders.shortcuts import FoldShortcut, UnfoldShortcut
from shared.layers.snake import SnakeBeta


class OobleckEncoder(nn.Sequential):
    """`(batch, audio_channels, time)` -> `(batch, out_channels, time / hop)`; time is a multiple of the hop.

    Raises:
        ConfigError: with shortcuts, if `out_channels` does not divide the innermost width.
    """

    def __init__(self, config: OobleckConfig, out_channels: int):
        shortcut = FoldShortcut(config.width, out_channels) if config.shortcuts else None
        stages = zip(config.stages, config.strides, strict=True)
        super().__init__(
            convolution(config.audio_channels, config.channels, 7),
            *(down_block(outer, inner, stride, SnakeBeta, config.shortcuts) for (outer, inner), stride in stages),
            Shortcut(convolution(config.width, out_channels, 3), shortcut),
        )


class OobleckDecoder(nn.Sequential):
    """`(batch, latent_dim, frames)` -> `(batch, audio_channels, frames * hop)`.

    Raises:
        ConfigError: with shortcuts, if `latent_dim` does not divide the innermost width.
    """

    def __init__(self, config: OobleckConfig, latent_dim: int):
        shortcut = UnfoldShortcut(latent_dim, config.width) if config.shortcuts else None
        stages = zip(reversed(config.stages), reversed(config.strides), strict=True)
        super().__init__(
            Shortcut(convolution(latent_dim, config.width, 7), shortcut),
            *(up_block(inner, outer, stride, SnakeBeta, config.shortcuts) for (outer, inner), stride in stages),
            SnakeBeta(config.channels),
            convolution(config.channels, config.audio_channels, 7, bias=False),
            nn.Tanh() if config.final_tanh else nn.Identity(),
        )


build_encoder, build_decoder = OobleckEncoder, OobleckDecoder
