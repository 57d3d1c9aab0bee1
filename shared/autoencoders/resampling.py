"""Transformer resampling blocks: SAME's autoencoder (arXiv 2605.18613; code of Stable Audio 3).

Patches of samples are tokens. The encoder appends one new token to every `stride` of them, the decoder `stride` new
ones to each latent frame; a transformer with local attention runs over the interleaved sequence, and only the new
tokens are kept.

Inferred, since the paper is only known in part: the parameters counted in the released configurations (852.13 M for
SAME-L, 107.46 M for SAME-S, both halves together) leave room for one learned token in the decoder, repeated `stride`
times, and not for `stride` different ones; RoPE and the noise tell the copies apart. They ask for weight normalisation
of the layers beside the waveform, with biases. A third party's transcript of SAME-S has a kernel of 3 in the decoder's
last layer (`output_kernel`), which makes it 108.24 M; the paper says 108 M. The released code counts the layers with a
sine so that its setting of 8 makes 7; `sine_layers` is the number itself. Noise on the new tokens is added in training
only; there it is always.

Chunks moved by half of one end with half a chunk here. SAME-S's code fills both ends up with copies of the first and
the last half chunk, and a clip to whole chunks: with its weights, latent frames at the ends are off by 0.3 to 0.8 of
their scale. No study here has chunks, and this is not offered.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from shared.autoencoders.resampling_config import ResamplingConfig
from shared.layers.attention import rotary_angles
from shared.layers.transformer import ROPE_BASE, TransformerBlock
from shared.layers.windows import Chunked, Sliding, Window

TOKEN_STD = 1e-5  # of a new token at first, in the released code


class Resampler(nn.Module):
    """`(batch, segments, given, width)` -> `(batch, segments, made, width)`: the new tokens after the transformer.

    Args:
        config: sizes.
        made: new tokens a segment.
        noise: standard deviation of what is added to new tokens in training.
        sine_layers: how many of the last layers have a sine.
    """

    def __init__(self, config: ResamplingConfig, made: int, noise: float, sine_layers: int = 0):
        super().__init__()
        self.config, self.made, self.noise = config, made, noise
        self.token = nn.Parameter(TOKEN_STD * torch.randn(config.width))
        self.blocks = nn.ModuleList(
            TransformerBlock(
                config.width, config.head_dim, config.feed_forward, sine=index >= config.depth - sine_layers,
                branch_std=config.branch_std,
            )
            for index in range(config.depth)
        )

    def forward(self, given: Tensor) -> Tensor:
        """See the class."""
        new = self.token.expand(*given.shape[:2], self.made, -1)
        if self.training and self.noise:
            new = new + self.noise * torch.randn_like(new)
        x = torch.cat([given, new.to(given.dtype)], dim=2)
        segments, length = x.shape[1:3]
        x = x.flatten(1, 2)
        positions = torch.arange(x.shape[1], device=x.device).float().unsqueeze(0)
        angles = rotary_angles(positions, self.config.head_dim // 2, ROPE_BASE)
        for index, block in enumerate(self.blocks):
            x = block(x, angles, self.window(index, length))
        return x.unflatten(1, (segments, length))[:, :, given.shape[2] :]

    def window(self, index: int, length: int) -> Window:
        """What layer `index` attends to, for segments of `length` tokens.

        Chunks lie half a chunk earlier in the second half of the layers.
        """
        if self.config.window:
            return Sliding(self.config.window * length)
        assert self.config.chunk, "a config has one of the two"
        chunk = self.config.chunk * length
        return Chunked(chunk, chunk // 2 if index >= self.config.depth // 2 else 0)


class ResamplingEncoder(nn.Module):
    """`(batch, audio_channels, time)` -> `(batch, out_channels, time / hop)`; time is a multiple of the hop."""

    def __init__(self, config: ResamplingConfig, out_channels: int):
        super().__init__()
        self.config = config
        self.embed = weight_norm(nn.Conv1d(config.audio_channels * config.patch, config.width, 1))
        self.resampler = Resampler(config, 1, config.token_noise[0])
        self.project = nn.Linear(config.width, out_channels)

    def forward(self, audio: Tensor) -> Tensor:
        """The bottleneck's input."""
        patches = audio.unflatten(2, (-1, self.config.patch)).transpose(2, 3).flatten(1, 2)
        tokens = self.embed(patches).transpose(1, 2).unflatten(1, (-1, self.config.stride))
        return self.project(self.resampler(tokens).squeeze(2)).transpose(1, 2)


class ResamplingDecoder(nn.Module):
    """`(batch, latent_dim, frames)` -> `(batch, audio_channels, frames * hop)`."""

    def __init__(self, config: ResamplingConfig, latent_dim: int):
        super().__init__()
        self.config = config
        self.embed = nn.Linear(latent_dim, config.width)
        self.resampler = Resampler(config, config.stride, config.token_noise[1], config.sine_layers)
        outputs, kernel = config.audio_channels * config.patch, config.output_kernel
        self.project = weight_norm(nn.Conv1d(config.width, outputs, kernel, padding=kernel // 2))

    def forward(self, latents: Tensor) -> Tensor:
        """The waveform."""
        tokens = self.resampler(self.embed(latents.transpose(1, 2)).unsqueeze(2)).flatten(1, 2)
        patches = self.project(tokens.transpose(1, 2)).unflatten(1, (self.config.audio_channels, self.config.patch))
        return patches.transpose(2, 3).flatten(2)


build_encoder, build_decoder = ResamplingEncoder, ResamplingDecoder
