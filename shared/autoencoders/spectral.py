"""Spectral autoencoder: STFT → ConvNeXt → latent → ConvNeXt → iSTFT. A CPU trains it in minutes.

Most of the work runs at the latent frame rate, which is what makes it cheap. The output head predicts log
magnitude and phase as Vocos does (Siuzdak 2023), or magnitudes alone, whose phases are found after decoding.
"""

from torch import Tensor, nn

from shared.audio.spectral import Stft
from shared.autoencoders.log_polar import from_log_polar, log_polar
from shared.autoencoders.magnitudes import MagnitudeDecoder, features, from_head
from shared.autoencoders.spectral_config import SpectralConfig
from shared.layers.unit import Unit


class ConvNeXtBlock(Unit):
    """Depthwise convolution, LayerNorm, two pointwise layers, residual. `(batch, frames, channels)`."""

    def __init__(self, channels: int, kernel_size: int = 7, expansion: int = 3):
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.expand = nn.Linear(channels, expansion * channels)
        self.reduce = nn.Linear(expansion * channels, channels)
        self.activation = nn.GELU(approximate="tanh")
        # A small residual branch at the start keeps a deep stack close to the identity.
        nn.init.normal_(self.reduce.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """Shape is kept."""
        y = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        return x + self.reduce(self.activation(self.expand(self.norm(y))))


class SpectralEncoder(nn.Module):
    """`(batch, audio_channels, time)` → `(batch, out_channels, frames)`, time a multiple of the hop."""

    def __init__(self, config: SpectralConfig, out_channels: int):
        super().__init__()
        self.stft = Stft(config.n_fft, config.stft_hop, padding="same")
        self.downsample = config.downsample
        bins = config.n_fft // 2 + 1
        self.floor = config.magnitudes.floor if config.magnitudes else None
        self.embed = nn.Linear(config.audio_channels * bins * (1 if self.floor else 3), config.width)
        self.blocks = nn.Sequential(*(ConvNeXtBlock(config.width) for _ in range(config.depth)))
        self.merge = nn.Linear(config.width * config.downsample, config.latent_width)
        self.latent_blocks = nn.Sequential(*(ConvNeXtBlock(config.latent_width) for _ in range(config.latent_depth)))
        self.norm = nn.LayerNorm(config.latent_width)
        self.project = nn.Linear(config.latent_width, out_channels)

    def forward(self, audio: Tensor) -> Tensor:
        """Log magnitude and, unless magnitudes are all, phase direction of each bin of each channel are its input."""
        waveform = audio.flatten(0, 1)
        if self.floor:
            seen = features(self.stft.magnitude(waveform).transpose(1, 2), self.floor)
        else:
            seen = log_polar(self.stft(waveform).transpose(1, 2))
        x = self.blocks(self.embed(seen.unflatten(0, audio.shape[:2]).transpose(1, 2).flatten(2)))
        batch, frames, width = x.shape
        x = self.merge(x.reshape(batch, frames // self.downsample, width * self.downsample))
        return self.project(self.norm(self.latent_blocks(x))).transpose(1, 2)


class SpectralHalf(nn.Module):
    """`(batch, latent_dim, frames)` → `(batch, audio_channels, numbers, STFT frames)`: the decoder but for its end."""

    def __init__(self, config: SpectralConfig, latent_dim: int, numbers: int):
        super().__init__()
        self.downsample, self.audio_channels = config.downsample, config.audio_channels
        self.project = nn.Linear(latent_dim, config.latent_width)
        self.latent_blocks = nn.Sequential(*(ConvNeXtBlock(config.latent_width) for _ in range(config.latent_depth)))
        self.split = nn.Linear(config.latent_width, config.width * config.downsample)
        self.blocks = nn.Sequential(*(ConvNeXtBlock(config.width) for _ in range(config.depth)))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, config.audio_channels * numbers)

    def forward(self, latents: Tensor) -> Tensor:
        """Through all layers."""
        x = self.latent_blocks(self.project(latents.transpose(1, 2)))
        batch, frames, _ = x.shape
        x = self.split(x).reshape(batch, frames * self.downsample, -1)
        made = self.head(self.norm(self.blocks(x))).float().transpose(1, 2)
        return made.unflatten(1, (self.audio_channels, -1))


class SpectralDecoder(SpectralHalf):
    """`(batch, latent_dim, frames)` → `(batch, audio_channels, frames · hop)`."""

    def __init__(self, config: SpectralConfig, latent_dim: int):
        super().__init__(config, latent_dim, config.n_fft + 2)
        self.stft = Stft(config.n_fft, config.stft_hop, padding="same")

    def forward(self, latents: Tensor) -> Tensor:
        """The head's two halves for each audio channel are log magnitude and phase angle of each bin."""
        made = super().forward(latents)
        return self.stft.inverse(from_log_polar(made.flatten(0, 1))).unflatten(0, made.shape[:2])


class SpectralMagnitudes(MagnitudeDecoder):
    """The same of magnitudes alone."""

    def __init__(self, config: SpectralConfig, latent_dim: int):
        super().__init__()
        assert config.magnitudes
        self.floor, self.iterations = config.magnitudes.floor, config.magnitudes.iterations
        self.stft = Stft(config.n_fft, config.stft_hop, padding="same")
        self.layers = SpectralHalf(config, latent_dim, config.n_fft // 2 + 1)

    def magnitudes(self, latents: Tensor) -> Tensor:
        """See `MagnitudeDecoder`."""
        return from_head(self.layers(latents), self.floor)


build_encoder = SpectralEncoder


def build_decoder(config: SpectralConfig, latent_dim: int) -> nn.Module:
    """The decoder that the config asks for."""
    return (SpectralMagnitudes if config.magnitudes else SpectralDecoder)(config, latent_dim)
