"""RAVE's autoencoder (arXiv 2111.05011; released code, tag 1.0).

Encoder: filter bank, convolution; for each stride batch norm, leaky ReLU, strided convolution; leaky ReLU,
convolution. Decoder: convolution; for each stride leaky ReLU, transposed convolution, residual layers; then three
branches and the filter bank backwards:

    bands = tanh(waveform) · envelope(loudness) + filtered noise

The paper says 17.6 million parameters. It names four widths, 64, 128, 256 and 512, and strides of 4, 4, 4 and 2. There
are 17,615,858 if, as in the released code, the widths are what the strided convolutions start from, so that the last
ends at 1024; mean and scale are made of half the channels each; and the decoder has the strides in the same order, not
mirrored. Were the widths what the convolutions end at, there would be 4.8 million; were mean and scale made of all
channels, 18.3; were the strides mirrored, 15.6. Which convolutions have a bias is as in the released code, and so are
their kernels, that the decoder's are weight-normalised and the encoder's not, and the slope of the leaky ReLUs.

The filter bank and what the noise's filter does at a block's end are ours or the released code's (`filters`,
`noise.circular`), which scale `paper` has. The code's streaming (causal) variant is not here.
"""

from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from shared.audio.pqmf import Pqmf
from shared.autoencoders.blocks import convolution
from shared.autoencoders.filtered_noise import FilteredNoise, exponential_sigmoid
from shared.autoencoders.rave_config import RaveConfig
from shared.layers.unit import Unit

SLOPE = 0.2


class RaveEncoder(nn.Sequential):
    """`(batch, 1, time)` -> `(batch, out_channels, time / hop)`; time is a multiple of the hop.

    In training the batch norms measure each batch, and so each micro-batch and each process its own. Once the encoder
    is frozen it belongs in eval mode, or its running statistics go on moving.
    """

    def __init__(self, config: RaveConfig, out_channels: int):
        stages = zip(config.stages, config.strides, strict=True)
        width = config.stages[-1][1]
        groups = 2 if config.projection == "grouped" else 1
        super().__init__(
            Pqmf(config.bands, released=config.filters == "released"),
            nn.Conv1d(config.bands, config.channels, 7, padding=3),
            *(_down(outer, inner, stride) for (outer, inner), stride in stages),
            nn.LeakyReLU(SLOPE),
            nn.Conv1d(width, out_channels, 5, padding=2, groups=groups),
        )


def _down(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """`(batch, inputs, time)` -> `(batch, outputs, time / stride)`."""
    layer = nn.Conv1d(inputs, outputs, 2 * stride + 1, stride, padding=stride)
    return nn.Sequential(nn.BatchNorm1d(inputs), nn.LeakyReLU(SLOPE), layer)


class ResidualStack(Unit):
    """`x + W relu(W_d relu(x))` for each dilation d in turn; kernels of three, no bias."""

    def __init__(self, channels: int, dilations: tuple[int, ...]):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.LeakyReLU(SLOPE),
                convolution(channels, channels, 3, dilation, bias=False),
                nn.LeakyReLU(SLOPE),
                convolution(channels, channels, 3, bias=False),
            )
            for dilation in dilations
        )

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, time)` -> the same."""
        for layer in self.layers:
            x = x + layer(x)
        return x


class RaveDecoder(nn.Module):
    """`(batch, latent_dim, frames)` -> `(batch, 1, frames * hop)`.

    Attributes:
        add_noise: whether the noise branch takes part. The released code leaves it out of the first stage of training
            and so gives it no gradient there; untrained, the branch is all but silent.
    """

    def __init__(self, config: RaveConfig, latent_dim: int):
        super().__init__()
        stages = zip(reversed(config.stages), config.strides, strict=True)
        self.layers = nn.Sequential(
            convolution(latent_dim, config.stages[-1][1], 7),
            *(_up(inner, outer, stride, config.dilations) for (outer, inner), stride in stages),
        )
        self.waveform = convolution(config.channels, config.bands, 7)
        self.loudness = convolution(config.channels, 1, 3)
        self.envelope = exponential_sigmoid if config.envelope == "exponential" else nn.functional.sigmoid
        self.noise = FilteredNoise(config.noise, config.channels, config.bands) if config.noise else None
        self.add_noise = config.noise is not None
        self.bank = Pqmf(config.bands, released=config.filters == "released")

    def forward(self, latents: Tensor) -> Tensor:
        """One loudness for all bands; noise as in `FilteredNoise`."""
        x = self.layers(latents)
        bands = self.waveform(x).tanh() * self.envelope(self.loudness(x))
        if self.noise and self.add_noise:
            bands = bands + self.noise(x)
        return self.bank.inverse(bands)


def _up(inputs: int, outputs: int, stride: int, dilations: tuple[int, ...]) -> nn.Sequential:
    """`(batch, inputs, frames)` -> `(batch, outputs, frames * stride)`."""
    padding, odd = (stride + 1) // 2, stride % 2
    layer = nn.ConvTranspose1d(inputs, outputs, 2 * stride, stride, padding, output_padding=odd, bias=False)
    return nn.Sequential(nn.LeakyReLU(SLOPE), weight_norm(layer), ResidualStack(outputs, dilations))


build_encoder, build_decoder = RaveEncoder, RaveDecoder
