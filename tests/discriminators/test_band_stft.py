"""The multi-band STFT discriminator: shapes, size, and that each band has layers of its own."""

import math

import pytest
import torch

from shared.config import ConfigError, parse
from shared.discriminators.band_stft import BandStftDiscriminator
from shared.discriminators.band_stft_config import BandStftDiscriminatorConfig

SMALL = BandStftDiscriminatorConfig(kind="band_stft", n_ffts=(64,), channels=4, bands=(0, 0.25, 1))


def test_shapes():
    """33 bins are bands of 8 and 25, halved three times to 1 and 4; a frame for each 16 samples."""
    output, features = BandStftDiscriminator(64, SMALL)(torch.randn(2, 1024))
    assert output.shape == (2, 1, 64, 5)
    assert [x.shape[3] for x in features] == [8, 4, 2, 1, 1, 25, 13, 7, 4, 4]


def test_parameters_of_dacs_three_sizes():
    """Five bands of 2-32-32-32-32 (3x9) and 32-32 (3x3), a common head; a bias and a gain an output."""
    config = BandStftDiscriminatorConfig(kind="band_stft")
    with torch.device("meta"):
        models = [BandStftDiscriminator(n_fft, config) for n_fft in config.n_ffts]
    band = 27 * (2 * 32 + 3 * 32 * 32) + 9 * 32 * 32 + 2 * 5 * 32
    expected = 3 * (5 * band + 9 * 32 + 2)
    assert sum(parameter.numel() for model in models for parameter in model.parameters()) == expected


@pytest.mark.parametrize(("bin", "band"), [(4, 0), (20, 1)])
def test_a_tone_is_heard_by_its_band(bin, band):
    torch.manual_seed(0)
    model = BandStftDiscriminator(64, SMALL)
    tone = torch.sin(2 * math.pi * bin / 64 * torch.arange(1024)).unsqueeze(0)
    _, heard = model(tone)
    _, silence = model(torch.zeros_like(tone))
    # Of the second layer, away from the ends, where the window meets the mirrored tone.
    first, second = ((heard[i] - silence[i])[:, :, 8:-8].abs().max() for i in (1, 6))
    assert (first > 100 * second) if band == 0 else (second > 100 * first)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bands": (0, 0.5)}, "begin at 0 and end at 1"),
        ({"bands": (0, 0.5, 0.5, 1)}, "band 0.5 to 0.5 holds no bin"),
        ({"bands": (0, 0.01, 1), "n_ffts": (2048, 64)}, "band 0 to 0.01 holds no bin of n_fft 64"),
        ({"n_ffts": (30,)}, "n_ffts.0: "),
    ],
)
def test_a_wrong_config_is_one_clear_line(change, message):
    with pytest.raises(ConfigError, match=message):
        parse(BandStftDiscriminatorConfig, {"kind": "band_stft", **change}, "study.yaml")
