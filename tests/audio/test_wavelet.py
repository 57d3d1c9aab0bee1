"""The wavelet transform: its filters' defining properties, one level by NumPy, what several levels make."""

import numpy as np
import pytest
import torch

from shared.audio.wavelet import HIGH, LOW, Wavelet


def taps(half: tuple[float, ...]) -> np.ndarray:
    return np.array([*reversed(half[1:]), *half])


def test_moments_of_the_filters():
    """Low-pass gains √2 at 0 Hz and nothing at the top, with four zeros there; high-pass ignores cubic polynomials."""
    low, high = taps(LOW), taps(HIGH)
    n = np.arange(-4, 5)
    assert low.sum() == pytest.approx(2**0.5, abs=1e-10)
    for power in range(4):
        assert (low * (-1.0) ** n * n**power).sum() == pytest.approx(0, abs=1e-9)
        assert (high * np.arange(-3, 4) ** power).sum() == pytest.approx(0, abs=1e-9)


def test_the_filters_belong_together():
    """Biorthogonal: with synthesis filters that are the others modulated, a signal comes back whole."""
    low, high = taps(LOW), taps(HIGH)
    dual = high * (-1.0) ** np.arange(7)
    product = np.convolve(low, dual)
    middle = len(product) // 2
    halfband = product[middle % 2 :: 2]
    assert halfband.max() == pytest.approx(1, abs=1e-9)
    assert np.sort(np.abs(halfband))[:-1] == pytest.approx(0, abs=1e-9)


def test_one_level_agrees_with_numpy():
    audio = torch.randn(2, 1, 32, generator=torch.Generator().manual_seed(0))
    low, high = Wavelet(1)(audio).unbind(1)
    padded = np.pad(audio[:, 0].numpy(), ((0, 0), (4, 4)), mode="reflect")
    for found, half in ((low, LOW), (high, HIGH)):
        kernel = taps(half)
        expected = [[(row[2 * i : 2 * i + len(kernel)] * kernel).sum() for i in range(16)] for row in padded]
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)


def test_several_levels_are_one_level_of_the_lowest_band_again():
    audio = torch.randn(3, 2, 128, generator=torch.Generator().manual_seed(0))
    once, twice = Wavelet(1)(audio), Wavelet(2)(audio)
    assert twice.shape == (3, 8, 32)
    torch.testing.assert_close(twice[:, :4], Wavelet(1)(once[:, :2]))
    torch.testing.assert_close(twice[:, 4:].unflatten(1, (2, 2)).transpose(2, 3).flatten(2), once[:, 2:])
    assert Wavelet(3)(audio).shape == (3, 16, 16)


def test_a_slow_signal_is_in_the_lowest_band():
    audio = torch.sin(torch.arange(1024) * 0.003)[None, None]
    energy = Wavelet(4)(audio)[0, :, 2:-2].square().sum(1)
    assert energy[0] / energy.sum() > 0.999


@pytest.mark.parametrize(("time", "levels"), [(100, 3), (32, 4)])
def test_too_few_samples_are_refused(time, levels):
    with pytest.raises(ValueError, match="take fewer levels"):
        Wavelet(levels)(torch.zeros(1, 1, time))
