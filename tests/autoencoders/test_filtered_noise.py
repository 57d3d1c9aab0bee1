"""Filtered noise: its filter against scipy and by hand, its level, and where its randomness comes from."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from shared.autoencoders.filtered_noise import FilteredNoise, exponential_sigmoid, interpolation
from shared.autoencoders.rave_config import FilteredNoiseConfig


def make(bands: int = 2, **changes) -> FilteredNoise:
    torch.manual_seed(0)
    return FilteredNoise(FilteredNoiseConfig(**{"strides": (4, 4)} | changes), 3, bands)


def test_shapes():
    assert make()(torch.randn(2, 3, 64)).shape == (2, 2, 64)
    assert make(strides=(3, 5), points=4)(torch.randn(2, 3, 30)).shape == (2, 2, 30)


def test_a_loudness_by_hand():
    x = torch.tensor([-100.0, -5, 0, 100])
    expected = [1e-7, 2 / (1 + np.exp(5)) ** 2.3 + 1e-7, 2 / 2**2.3 + 1e-7, 2]
    assert exponential_sigmoid(x).tolist() == pytest.approx(expected, rel=1e-5)


def test_the_response_at_the_points_is_their_average_with_their_neighbours():
    """A Hann window in time weighs 1/4, 1/2, 1/4 in frequency; the spectrum is mirrored at its ends."""
    response = interpolation(5, 64)[:, ::8]
    expected = torch.zeros(5, 5)
    for point in range(5):
        for neighbour, weight in ((point - 1, 0.25), (point, 0.5), (point + 1, 0.25)):
            expected[4 - abs(4 - abs(neighbour)), point] += weight
    torch.testing.assert_close(response, expected)
    torch.testing.assert_close(interpolation(5, 64).sum(dim=0), torch.ones(33))


@torch.no_grad()
def test_noise_is_filtered_as_scipy_filters_it():
    model = make(points=4).eval()
    torch.nn.init.normal_(model.layers[-1].bias, mean=5)
    x = torch.randn(1, 3, 32)
    output = model(x).double().numpy().reshape(2, 2, 16)
    amplitudes = exponential_sigmoid(model.layers(x) - 5).reshape(2, 4, 2).numpy()  # band, point, block
    noise = model._draw(torch.zeros(1, 2, 2, 9)).double().numpy()[0]
    for band in range(2):
        for block in range(2):
            taps = np.fft.fftshift(np.fft.irfft(amplitudes[band, :, block])) * np.hanning(7)[:6]
            expected = ndimage.convolve1d(noise[band, block], taps[1:], mode="wrap")
            np.testing.assert_allclose(output[band, block], expected, atol=1e-5)


@torch.no_grad()
def test_untrained_it_is_all_but_silent_and_a_band_can_be_made_loud():
    model = make()
    assert model(torch.randn(1, 3, 6400)).abs().max() < 1e-3
    model.layers[-1].bias[5:] += 100  # all points of the second band: twice the noise as it is drawn
    quiet, loud = model(torch.randn(1, 3, 6400))[0]
    assert quiet.abs().max() < 1e-3
    assert loud.std().item() == pytest.approx(2 / 3**0.5, rel=0.05)


def test_in_training_it_is_drawn_from_the_global_generator():
    model, x = make(), torch.randn(1, 3, 64)
    torch.manual_seed(1)
    first = model(x)
    assert not torch.equal(model(x), first)
    torch.manual_seed(1)
    assert torch.equal(model(x), first)


def test_in_eval_mode_it_is_the_same_and_leaves_the_global_generator_alone():
    model, x = make().eval(), torch.randn(1, 3, 64)
    before = torch.get_rng_state()
    assert torch.equal(model(x), model(x))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_filter_that_no_block_holds_is_refused():
    with pytest.raises(ValueError, match="longer than a block, 4 samples"):
        FilteredNoiseConfig(strides=(4,))
