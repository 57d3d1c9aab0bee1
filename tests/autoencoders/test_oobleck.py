"""Oobleck: the published parameter counts, exact lengths, shortcuts by hand, gradients and learning."""

import pytest
import torch

from shared.autoencoders.oobleck import OobleckDecoder, OobleckEncoder
from shared.autoencoders.oobleck_config import OobleckConfig
from shared.autoencoders.shortcuts import FoldShortcut, UnfoldShortcut
from shared.config import ConfigError, parse
from tests.learning import falls

TINY = OobleckConfig(family="oobleck", channels=8, multipliers=(1, 1, 2), strides=(2, 3, 4))


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("dim", "encoder", "decoder"),
    [
        (64, 77_984_896, 78_121_729),  # the released model: 156,106,625
        (128, 78_771_584, 79_039_233),  # 157.81 M
        (256, 80_344_960, 80_874_241),  # 161.22 M
    ],
)
def test_parameter_counts_of_longcat(dim, encoder, decoder):
    config = OobleckConfig(family="oobleck")
    with torch.device("meta"):
        assert count(OobleckEncoder(config, 2 * dim)) == encoder
        assert count(OobleckDecoder(config, dim)) == decoder
    assert config.hop == 2048


def test_shortcuts_and_tanh_have_no_parameters():
    plain = TINY.model_copy(update={"shortcuts": False, "final_tanh": True})
    assert count(OobleckEncoder(TINY, 8)) == count(OobleckEncoder(plain, 8))
    assert count(OobleckDecoder(TINY, 4)) == count(OobleckDecoder(plain, 4))


@pytest.mark.parametrize("shortcuts", [True, False])
@pytest.mark.parametrize("strides", [(2, 3, 4), (5, 2, 8), (3, 3, 3)])
@pytest.mark.parametrize("frames", [1, 7])
def test_lengths_are_exact(shortcuts, strides, frames):
    sizes = {"channels": 4, "multipliers": (1, 1, 1), "strides": strides}
    config = OobleckConfig(family="oobleck", shortcuts=shortcuts, **sizes)
    latent = OobleckEncoder(config, 4)(torch.zeros(2, 1, frames * config.hop))
    assert latent.shape == (2, 4, frames)
    assert OobleckDecoder(config, 2)(torch.zeros(2, 2, frames)).shape == (2, 1, frames * config.hop)


def test_fold_by_hand():
    """Two channels of four steps, stride 2: channels a0 a2, a1 a3, b0 b2, b1 b3, averaged in pairs."""
    x = torch.tensor([[[0.0, 1, 2, 3], [10, 20, 30, 40]]])
    assert FoldShortcut(2, 4, 2)(x).tolist() == [[[0, 2], [1, 3], [10, 30], [20, 40]]]
    assert FoldShortcut(2, 2, 2)(x).tolist() == [[[0.5, 2.5], [15, 35]]]
    assert FoldShortcut(2, 1)(x).tolist() == [[[5, 10.5, 16, 21.5]]]


def test_unfold_by_hand():
    """Two channels of two steps, stride 2: each channel repeated, then pairs of channels become steps."""
    x = torch.tensor([[[1.0, 2], [3, 4]]])
    assert UnfoldShortcut(2, 2, 2)(x).tolist() == [[[1, 1, 2, 2], [3, 3, 4, 4]]]
    assert UnfoldShortcut(2, 1, 2)(x).tolist() == [[[1, 3, 2, 4]]]
    assert UnfoldShortcut(2, 4)(x).tolist() == [[[1, 2], [1, 2], [3, 4], [3, 4]]]


def test_folding_undoes_unfolding():
    x = torch.randn(2, 8, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(FoldShortcut(4, 8, 4)(UnfoldShortcut(8, 4, 4)(x)), x)


def test_gradient_reaches_every_parameter():
    generator = torch.Generator().manual_seed(0)
    encoder, decoder = OobleckEncoder(TINY, 8), OobleckDecoder(TINY, 4)
    audio = torch.randn(2, 1, 4 * TINY.hop, generator=generator)
    decoder(encoder(audio)[:, :4]).square().mean().backward()
    silent = [
        name
        for module in (encoder, decoder)
        for name, parameter in module.named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    ]
    assert not silent


def test_a_few_steps_lower_the_loss():
    torch.manual_seed(0)
    model = torch.nn.Sequential(OobleckEncoder(TINY, 8), OobleckDecoder(TINY, 8))
    time = torch.arange(20 * TINY.hop) / 16000
    audio = torch.stack([torch.sin(2 * torch.pi * f * time) for f in (200.0, 330.0)])[:, None]
    assert falls(model, lambda: (model(audio) - audio).square().mean(), 0.25)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strides": (2, 2)}, "3 multipliers for 2 strides"),
        ({"strides": (1, 2, 2)}, "strides.0: .*greater than or equal to 2"),
        ({"multipliers": (1, 1, 5)}, "shortcut: 8 channels x stride 4 do not make 40"),
        ({"chanels": 8}, "chanels: unknown key"),
        ({"channels": -1}, "channels: "),
    ],
)
def test_a_wrong_config_is_one_clear_line(change, message):
    with pytest.raises(ConfigError, match=message):
        parse(OobleckConfig, {**TINY.model_dump(), **change}, "study.yaml")


def test_a_dim_that_does_not_divide_the_width_is_refused():
    with pytest.raises(ConfigError, match="no multiple"):
        OobleckDecoder(TINY, 5)
    with pytest.raises(ConfigError, match="no multiple"):
        OobleckEncoder(TINY, 10)
