"""The A-weighting curve against the table of the standard."""

import numpy as np
import pytest
import torch

from shared.audio.weighting import a_weighting


# IEC 61672-1, table 3: frequencies are 10^(k/10) Hz, the weighting is given to 0.1 dB.
@pytest.mark.parametrize(("exponent", "decibel"), [(20, -19.1), (24, -8.6), (30, 0.0), (36, 1.0), (40, -2.5)])
def test_a_weighting_known_values(exponent, decibel):
    gain = a_weighting(torch.tensor(10 ** (exponent / 10)))
    assert 20 * np.log10(gain.item()) == pytest.approx(decibel, abs=0.06)


def test_a_constant_is_inaudible():
    assert a_weighting(torch.zeros(1)).item() == 0
