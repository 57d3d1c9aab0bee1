"""BigVGAN's generator and its anti-aliased activation: the published sizes, the filter, what aliasing is left."""

import math

import pytest
import torch
from scipy import signal
from torch import nn

from shared.autoencoders.bigvgan import AmpBlock, BigvganDecoder
from shared.autoencoders.dac_config import BigvganDecoderConfig
from shared.layers.anti_aliasing import BETA, TAPS, AntiAliased, half_band_filter

TINY = {"kind": "bigvgan", "channels": 16, "resblock_kernels": (3, 5), "resblock_dilations": (1, 3)}


@pytest.mark.parametrize(
    ("channels", "strides", "kernels", "millions"),
    [(1536, (4, 4, 2, 2, 2, 2), (8, 8, 4, 4, 4, 4), 112), (512, (8, 8, 2, 2), (16, 16, 4, 4), 14)],
)
def test_the_published_sizes(channels, strides, kernels, millions):
    """BigVGAN and BigVGAN-base of the paper, from 100 mel bands: 112 M and 14 M."""
    config = BigvganDecoderConfig(kind="bigvgan", channels=channels, strides=strides, kernels=kernels)
    with torch.device("meta"):
        decoder = BigvganDecoder(config, 100)
    assert round(sum(parameter.numel() for parameter in decoder.parameters()) / 1e6) == millions


def test_the_filter_is_scipys():
    expected = signal.firwin(TAPS, 0.5, window=("kaiser", BETA))
    torch.testing.assert_close(half_band_filter().double(), torch.from_numpy(expected), atol=1e-6, rtol=0)
    assert signal.kaiser_beta(51.02) == pytest.approx(BETA, abs=1e-3)


def tone(frequency: float, length: int = 400) -> torch.Tensor:
    return torch.cos(2 * math.pi * frequency * torch.arange(length)).reshape(1, 1, -1)


def test_resampling_up_is_zeros_between_samples_and_the_filter():
    x = torch.randn(1, 1, 30, generator=torch.Generator().manual_seed(0))
    up = AntiAliased(nn.Identity())._upsample(x)
    expected = torch.from_numpy(signal.upfirdn(2 * half_band_filter().numpy(), x[0, 0].numpy(), up=2))
    torch.testing.assert_close(up[0, 0, 8:-8], expected[13:-12][: up.shape[2] - 16])


def test_low_tones_pass_in_place_and_a_constant_up_to_the_ends():
    identity = AntiAliased(nn.Identity())
    torch.testing.assert_close(identity(torch.full((1, 2, 20), 0.7)), torch.full((1, 2, 20), 0.7))
    for frequency in (0.01, 0.1):
        x = tone(frequency)
        torch.testing.assert_close(identity(x)[..., 20:-20], x[..., 20:-20], atol=0.02, rtol=0)


def test_what_would_alias_is_removed():
    """The cube of a tone at 0.275 has one at 0.825, which folds back to 0.175: a quarter of an amplitude."""

    class Cube(nn.Module):
        def forward(self, x):
            return x**3

    def level(x: torch.Tensor) -> float:
        return torch.fft.rfft(x[0, 0]).abs()[70].item() / 200

    x = tone(0.275)
    assert level(x**3) == pytest.approx(0.25, abs=0.001)
    assert level(AntiAliased(Cube())(x)) < 0.02


def test_a_block_adds_a_branch_for_each_dilation():
    torch.manual_seed(0)
    block = AmpBlock(4, 3, (1, 3))
    x = torch.randn(2, 4, 50)
    first = x + block.layers[0](x)
    torch.testing.assert_close(block(x), first + block.layers[1](first))
    assert block.layers[1][1].dilation == (3,) and block.layers[1][3].dilation == (1,)


@pytest.mark.parametrize(("strides", "kernels"), [((5, 2), (9, 4)), ((3, 4), (3, 8)), ((2, 5), (2, 5))])
def test_lengths_are_exact(strides, kernels):
    decoder = BigvganDecoder(BigvganDecoderConfig(**TINY, strides=strides, kernels=kernels), 3)
    for frames in (1, 7):
        assert decoder(torch.randn(2, 3, frames)).shape == (2, 1, frames * math.prod(strides))


def test_a_stage_is_the_mean_of_its_blocks_and_the_output_is_clamped_without_a_bias():
    torch.manual_seed(0)
    decoder = BigvganDecoder(BigvganDecoderConfig(**TINY, strides=(2, 2), kernels=(4, 4)), 3)
    x = torch.randn(2, 16, 6)
    up = decoder[1].upsample(x)
    torch.testing.assert_close(decoder[1](x), (decoder[1].blocks[0](up) + decoder[1].blocks[1](up)) / 2)
    assert decoder[-1].bias is None
    loud = decoder(1e4 * torch.randn(2, 3, 6))
    assert loud.max() == 1 and loud.min() == -1
