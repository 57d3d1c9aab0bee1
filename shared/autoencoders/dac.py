"""DAC's convolutional encoder and decoder (Kumar et al. 2023, "High-Fidelity Audio Compression with Improved RVQGAN").

Encoder: convolution, a `down_block` a stride, Snake, convolution. Decoder: the mirror image, with `up_block`s, and a
tanh. The sizes are those of the released DAC, whose parameters a test counts. DAC sets biases to zero at first; here
they start as PyTorch's do.

Two papers put a Gaussian bottleneck where DAC quantises. Target-KL (arXiv:2605.17085) is taken to let the last
convolution lead straight to the bottleneck, which is not published, and adds a mel spectrogram to the encoder's
output. Semantic-VAE (arXiv:2509.22167) puts an `AttentionProjection` between, and BigVGAN's generator in place of the
decoder.
"""

from itertools import pairwise

from torch import Tensor, nn

from shared.audio.spectral import MelSpectrogram, safe_log
from shared.autoencoders.attention_projection import AttentionProjection
from shared.autoencoders.bigvgan import BigvganDecoder
from shared.autoencoders.blocks import convolution, down_block, up_block
from shared.autoencoders.dac_config import DacConfig, MelInputConfig
from shared.layers.snake import Snake


class MelInput(nn.Module):
    """Projection of a log-mel spectrogram with a frame for each latent frame.

    Raises:
        ConfigError: so many bands that a filter is empty.
    """

    def __init__(self, config: MelInputConfig, hop: int, out_channels: int):
        super().__init__()
        self.spectrogram = MelSpectrogram(config.sample_rate, config.n_fft, hop, config.n_mels, padding="same")
        self.project = nn.Conv1d(config.n_mels, out_channels, 1)
        # Log magnitudes are large beside the encoder's output: from zero, they take over only as far as they help.
        for parameter in self.project.parameters():
            nn.init.zeros_(parameter)

    def forward(self, audio: Tensor) -> Tensor:
        """`(batch, 1, time)` -> `(batch, out_channels, time / hop)`."""
        return self.project(safe_log(self.spectrogram(audio.squeeze(1))))


class DacEncoder(nn.Module):
    """`(batch, audio_channels, time)` -> `(batch, out_channels, time / hop)`; time is a multiple of the hop."""

    def __init__(self, config: DacConfig, out_channels: int):
        super().__init__()
        attention = config.projection == "attention"
        stages = zip(config.stages, config.strides, strict=True)
        self.layers = nn.Sequential(
            convolution(config.audio_channels, config.channels, 7),
            *(down_block(outer, inner, stride, Snake) for (outer, inner), stride in stages),
            Snake(config.width),
            convolution(config.width, config.width if attention else out_channels, 3),
        )
        if attention:
            self.layers.append(AttentionProjection(config.width, out_channels, config.heads))
        self.mel = MelInput(config.mel_input, config.hop, out_channels) if config.mel_input else None

    def forward(self, audio: Tensor) -> Tensor:
        """The bottleneck's input."""
        features = self.layers(audio)
        return features if self.mel is None else features + self.mel(audio)


class DacDecoder(nn.Sequential):
    """`(batch, latent_dim, frames)` -> `(batch, audio_channels, frames * hop)`; the encoder's strides backwards."""

    def __init__(self, config: DacConfig, latent_dim: int):
        widths = [config.decoder.channels // 2**index for index in range(len(config.strides) + 1)]
        stages = zip(pairwise(widths), reversed(config.strides), strict=True)
        super().__init__(
            convolution(latent_dim, widths[0], 7),
            *(up_block(inner, outer, stride, Snake) for (inner, outer), stride in stages),
            Snake(widths[-1]),
            convolution(widths[-1], config.audio_channels, 7),
            nn.Tanh(),
        )


build_encoder = DacEncoder


def build_decoder(config: DacConfig, latent_dim: int) -> nn.Module:
    """The decoder that `config.decoder` names: `(batch, latent_dim, frames)` -> `(batch, audio_channels, time)`."""
    if config.decoder.kind == "bigvgan":
        return BigvganDecoder(config.decoder, latent_dim)
    return DacDecoder(config, latent_dim)
