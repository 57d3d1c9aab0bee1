"""The period discriminator: shapes, size, and that the phases of a period never meet."""

import torch

from shared.discriminators.period import PeriodDiscriminator
from shared.discriminators.period_config import PeriodDiscriminatorConfig

SMALL = PeriodDiscriminatorConfig(kind="period", channels=(2, 4, 4))


def test_shapes():
    """1000 samples are 334 rows of 3, the last one padded; strides 3, 3, 1 leave 38."""
    output, features = PeriodDiscriminator(3, SMALL)(torch.randn(2, 1000))
    assert output.shape == (2, 1, 38, 3)
    assert [tuple(x.shape) for x in features] == [(2, 2, 112, 3), (2, 4, 38, 3), (2, 4, 38, 3)]


def test_parameters_of_hifi_gans_five_periods():
    """1-32-128-512-1024-1024 with kernels of 5, head of 3; a bias and a gain an output: 41.1 M in all."""
    config = PeriodDiscriminatorConfig(kind="period")
    with torch.device("meta"):
        models = [PeriodDiscriminator(period, config) for period in config.periods]
    weights = 5 * (32 + 32 * 128 + 128 * 512 + 512 * 1024 + 1024 * 1024) + 3 * 1024
    expected = 5 * (weights + 2 * (32 + 128 + 512 + 1024 + 1024 + 1))
    assert sum(parameter.numel() for model in models for parameter in model.parameters()) == expected
    assert round(expected / 1e6, 1) == 41.1


def test_a_sample_changes_its_own_phase_alone():
    torch.manual_seed(0)
    model = PeriodDiscriminator(5, SMALL)
    audio = torch.randn(1, 500)
    changed = audio.clone()
    changed[..., 252] += 1  # phase 2
    difference = (model(changed)[0] - model(audio)[0]).abs().amax(dim=2)[0, 0]
    assert (difference > 0).tolist() == [False, False, True, False, False]
