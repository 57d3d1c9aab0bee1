"""The constant-Q discriminator: shapes, size, and what it refuses."""

import pytest
import torch

from shared.config import ConfigError
from shared.discriminators.cqt import CqtDiscriminator
from shared.discriminators.cqt_config import CqtDiscriminatorConfig

SMALL = CqtDiscriminatorConfig(
    kind="cqt", hops=(64,), bins_per_octave=(12,), octaves=3, f_min=500, channels=4, dilations=(1, 2)
)


def test_shapes():
    """36 bins, halved twice; a frame for each 64 samples."""
    output, features = CqtDiscriminator(16000, 64, 12, SMALL)(torch.randn(2, 1000))
    assert output.shape == (2, 1, 16, 9)
    assert [tuple(x.shape) for x in features] == [(2, 4, 16, 36), (2, 4, 16, 18), (2, 4, 16, 9), (2, 4, 16, 9)]


@pytest.mark.parametrize("bins_per_octave", [24, 48])
def test_parameters_of_bigvgans(bins_per_octave):
    """Nine of 2-2 and one 2-32 (3x9) with a bias; three 32-32 (3x9), one (3x3) and a head with a gain as well."""
    with torch.device("meta"):
        model = CqtDiscriminator(48000, 256, bins_per_octave, CqtDiscriminatorConfig(kind="cqt"))
    plain = 9 * (2 * 2 * 27 + 2) + 2 * 32 * 27 + 32
    expected = plain + 3 * 32 * 32 * 27 + 32 * 32 * 9 + 32 * 9 + 2 * (4 * 32 + 1)
    assert sum(parameter.numel() for parameter in model.parameters()) == expected


def test_each_octave_has_a_layer_of_its_own():
    torch.manual_seed(0)
    model = CqtDiscriminator(16000, 64, 12, SMALL)
    audio = torch.randn(1, 1000)
    with torch.no_grad():
        model.layers[0].weight.zero_()
        model.layers[0].weight[:, :, 1, 4] = 1  # lets each bin through as it is
    _, features = model(audio)
    with torch.no_grad():
        model.octaves[1].bias.add_(1)
    _, changed = model(audio)
    difference = (changed[0] - features[0]).abs().amax(dim=(0, 1, 2))
    assert (difference > 0).tolist() == [False] * 12 + [True] * 12 + [False] * 12


def test_more_octaves_than_the_sampling_rate_holds_are_refused():
    with pytest.raises(ConfigError, match="9 octaves"):
        CqtDiscriminator(24000, 256, 24, CqtDiscriminatorConfig(kind="cqt"))


def test_hops_and_resolutions_come_in_pairs():
    with pytest.raises(ValueError, match="3 bins_per_octave for 1 hops"):
        CqtDiscriminatorConfig(kind="cqt", hops=(256,))
