"""The waveform discriminator: shapes, size, and that each hears its own rate."""

import math

import pytest
import torch

from shared.config import ConfigError, parse
from shared.discriminators.waveform import WaveformDiscriminator
from shared.discriminators.waveform_config import WaveformDiscriminatorConfig

SMALL = WaveformDiscriminatorConfig(kind="waveform", channels=4, strides=(4, 2), max_channels=24)


def test_shapes():
    """1000 samples, halved once; strides 4 and 2 leave 63."""
    output, features = WaveformDiscriminator(1, SMALL)(torch.randn(2, 1000))
    assert output.shape == (2, 1, 63)
    assert [tuple(x.shape) for x in features] == [(2, 4, 500), (2, 16, 125), (2, 24, 63), (2, 24, 63)]


def test_parameters_of_melgans_three_scales():
    """1-16 (15), 16-64-256-1024-1024 (41, each output sees 4 channels), 1024-1024 (5), 1024-1 (3): 16.9 M in all.

    A bias and a gain an output.
    """
    config = WaveformDiscriminatorConfig(kind="waveform")
    with torch.device("meta"):
        models = [WaveformDiscriminator(halvings, config) for halvings in range(config.scales)]
    outputs = 16 + 64 + 256 + 1024 + 1024 + 1024 + 1
    weights = 15 * 16 + 41 * 4 * (64 + 256 + 1024 + 1024) + 5 * 1024 * 1024 + 3 * 1024
    total = sum(parameter.numel() for model in models for parameter in model.parameters())
    assert total == 3 * (weights + 2 * outputs)
    assert round(total / 1e6, 1) == 16.9


def test_a_halved_rate_does_not_hear_the_fastest_alternation():
    torch.manual_seed(0)
    full, halved = WaveformDiscriminator(0, SMALL), WaveformDiscriminator(1, SMALL)
    halved.load_state_dict(full.state_dict())
    alternating, silence = torch.ones(1, 400), torch.zeros(1, 400)
    alternating[:, ::2] = -1
    # Of the first layer, away from the ends, where fewer than four samples are averaged.
    changes = [(model(alternating)[1][0] - model(silence)[1][0])[..., 9:-9].abs().max() for model in (full, halved)]
    assert changes[0] > 1e-3 and changes[1] < 1e-6


def test_a_halved_rate_averages_four_samples():
    torch.manual_seed(0)
    full, halved = WaveformDiscriminator(0, SMALL), WaveformDiscriminator(1, SMALL)
    halved.load_state_dict(full.state_dict())
    tone = torch.sin(2 * math.pi * torch.arange(402) / 50).unsqueeze(0)
    averages = tone[:, 1:].unfold(1, 4, 2).mean(dim=2)
    # The padding adds an average at each end, so the ends of the first layer's output are not compared.
    inner = halved(tone)[1][0][..., 20:180], full(averages)[1][0][..., 19:179]
    torch.testing.assert_close(*inner)


def test_channels_meet_in_groups_of_four():
    model = WaveformDiscriminator(0, SMALL)
    assert [(layer.groups, layer.weight.shape[1]) for layer in model.layers[1:3]] == [(1, 4), (4, 4)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": 12, "max_channels": 64}, "max_channels 64: 48 channels in groups of 4"),
        ({"channels": 6}, "channels: "),
        ({"strides": (1, 4)}, "strides.0: "),
        ({"periods": (2,)}, "periods: unknown key"),
    ],
)
def test_a_wrong_config_is_one_clear_line(change, message):
    with pytest.raises(ConfigError, match=message):
        parse(WaveformDiscriminatorConfig, {"kind": "waveform", **change}, "study.yaml")
