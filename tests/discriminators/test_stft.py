"""The STFT discriminator: shapes and size."""

import pytest
import torch

from shared.discriminators.stft import StftDiscriminator
from shared.discriminators.stft_config import StftDiscriminatorConfig

SMALL = StftDiscriminatorConfig(kind="stft", overlap=2, channels=4, stem_stride=2, dilations=(1, 2))


@pytest.mark.parametrize(("n_fft", "logits", "stem"), [(128, (17, 9), (17, 33)), (64, (33, 5), (33, 17))])
def test_shapes(n_fft, logits, stem):
    output, features = StftDiscriminator(n_fft, SMALL)(torch.randn(2, 1024))
    assert output.shape == (2, 1, *logits)
    assert len(features) == 4 and features[0].shape == (2, 4, *stem)


def test_parameters():
    """Stem 2 to 32 (3x9), three 32 to 32 (3x9), one 32 to 32 (3x3), head; a bias and a gain an output."""
    with torch.device("meta"):
        model = StftDiscriminator(1024, StftDiscriminatorConfig(kind="stft"))
    expected = 2 * 32 * 27 + 3 * 32 * 32 * 27 + 32 * 32 * 9 + 32 * 9 + 2 * (5 * 32 + 1)
    assert sum(parameter.numel() for parameter in model.parameters()) == expected
