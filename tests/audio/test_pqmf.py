"""The filter bank: reconstruction, aliasing, delay, and agreement with scipy's filters."""

import numpy as np
import pytest
import torch
from scipy import signal

from shared.audio.pqmf import Pqmf, filter_bank, prototype
from shared.config import ConfigError

BANDS = [2, 3, 4, 8, 16]


def decibels(error: torch.Tensor, reference: torch.Tensor) -> float:
    return 10 * torch.log10(error.square().mean() / reference.square().mean()).item()


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def tone(hertz: float, time: int) -> torch.Tensor:
    """Of amplitude 1, at a frequency in cycles a sample; `(1, 1, time)`."""
    return torch.sin(2 * torch.pi * hertz * torch.arange(time, dtype=torch.float64)).float().reshape(1, 1, -1)


@pytest.mark.parametrize("bands", BANDS)
def test_synthesis_undoes_analysis_without_delay(bands):
    bank, audio = Pqmf(bands), noise(2, 1, bands * 300)
    output = bank.inverse(bank(audio))
    assert output.shape == audio.shape
    inside = slice(2 * bank.padding, -2 * bank.padding)
    assert decibels((output - audio)[..., inside], audio) < -60
    # An offset of one sample, or another sign, would be an error of about +3 dB.
    assert decibels(output - audio, audio) < -15


@pytest.mark.parametrize("bands", BANDS)
def test_analysis_undoes_synthesis(bands):
    bank, subbands = Pqmf(bands), noise(2, bands, 300)
    output = bank(bank.inverse(subbands))
    inside = slice(2 * bank.padding // bands + 1, -2 * bank.padding // bands - 1)
    assert decibels((output - subbands)[..., inside], subbands) < -60


@pytest.mark.parametrize("bands", [4, 16])
def test_analysis_agrees_with_scipys_filters(bands):
    bank, audio = Pqmf(bands), noise(1, 1, bands * 100)
    filters = filter_bank(bands)
    delay = filters.shape[1] // 2
    samples = np.pad(audio[0, 0].double().numpy(), (0, delay))
    for band, taps in enumerate(filters):
        expected = signal.lfilter(taps, 1, samples)[delay::bands]
        if band % 2:
            expected[1::2] *= -1
        np.testing.assert_allclose(bank(audio)[0, band].numpy(), expected, atol=2e-6)


@pytest.mark.parametrize("bands", [4, 16])
def test_synthesis_agrees_with_scipys_interpolation(bands):
    bank, subbands = Pqmf(bands), noise(1, bands, 100)
    filters = filter_bank(bands)
    delay = filters.shape[1] // 2
    expected = 0
    for band, taps in enumerate(filters):
        frames = subbands[0, band].double().numpy()
        if band % 2:
            frames[1::2] *= -1
        expected += signal.upfirdn(bands * taps[::-1], frames, up=bands)[delay : delay + 100 * bands - bands + 1]
    np.testing.assert_allclose(bank.inverse(subbands)[0, 0, : 100 * bands - bands + 1].numpy(), expected, atol=1e-5)


def test_the_prototype_is_a_symmetric_low_pass_filter():
    taps = prototype(16)
    hertz, response = signal.freqz(taps, worN=8192, fs=2)
    level = 20 * np.log10(np.abs(response) + 1e-12)
    np.testing.assert_allclose(taps, taps[::-1])
    assert np.abs(level[hertz < 0.25 / 16]).max() < 0.01
    assert level[np.searchsorted(hertz, 0.5 / 16)] == pytest.approx(-3, abs=0.05)
    assert level[hertz > 0.8 / 16].max() < -100


@pytest.mark.parametrize("band", [0, 1, 6, 15])
def test_a_tone_is_in_its_band_alone_and_upright(band):
    """At a quarter of the band from its lower edge, it is a quarter of half the band's rate there, odd band or even."""
    bank = Pqmf(16)
    output = bank(tone((band + 0.3) / 32, 16 * 400))[0, :, 50:-50]
    level = 10 * torch.log10(2 * output.square().mean(dim=1) + 1e-14)
    assert level[band].item() == pytest.approx(0, abs=0.1)
    others = [k for k in range(16) if abs(k - band) > 1]
    assert level[others].max() < -95
    hertz, power = signal.periodogram(output[band].numpy(), window="hann", detrend=False)
    assert hertz[power.argmax()] == pytest.approx(0.3 / 2, abs=0.005)


def test_no_image_of_a_tone_is_left():
    """Near an edge of bands, both hold it, and each mirrored at the edge as well."""
    bank = Pqmf(16)
    output = bank.inverse(bank(tone(3.05 / 32, 16 * 1000)))[0, 0, 1000:-1000].double().numpy()
    hertz, power = signal.periodogram(output, window=("kaiser", 20), detrend=False)
    level = 10 * np.log10(power / power.max() + 1e-14)
    assert level[np.abs(hertz - 2.95 / 32) < 1e-3].max() < -100
    assert level[np.abs(hertz - 3.05 / 32) > 3e-3].max() < -100
    single = bank(tone(3.05 / 32, 16 * 1000))
    single[:, :3] = 0
    heard = bank.inverse(single)[0, 0, 1000:-1000].double().numpy()
    _, power = signal.periodogram(heard, window=("kaiser", 20), detrend=False)
    assert 10 * np.log10(power[np.abs(hertz - 2.95 / 32) < 1e-3].max() / power.max()) > -40


def test_energy_is_kept():
    bank, audio = Pqmf(16), noise(1, 1, 16 * 2000)
    assert (16 * bank(audio).square().sum() / audio.square().sum()).item() == pytest.approx(1, abs=0.01)


def test_gradients_pass_both_ways():
    bank, audio = Pqmf(4), noise(1, 1, 400).requires_grad_()
    bank.inverse(bank(audio)).square().sum().backward()
    inside = slice(2 * bank.padding, -2 * bank.padding)
    torch.testing.assert_close(audio.grad[..., inside], 2 * audio.detach()[..., inside], atol=0.02, rtol=0)


def test_autocast_does_not_coarsen_it():
    bank, audio = Pqmf(4), noise(1, 1, 800)
    with torch.autocast("cpu", torch.bfloat16):
        output = bank.inverse(bank(audio))
    assert output.dtype == torch.float32
    torch.testing.assert_close(output, bank.inverse(bank(audio)))


def test_what_it_refuses():
    with pytest.raises(ConfigError, match="2 bands or more"):
        Pqmf(1)
    with pytest.raises(ValueError, match="30 samples are no multiple of 4 bands"):
        Pqmf(4)(torch.zeros(1, 1, 30))
