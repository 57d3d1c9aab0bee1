"""Paths: end points, the equations of v-prediction, the shift of the schedule, exact steps."""

import itertools
import math

import pytest
import torch

from shared.generators.paths.cosine import CosinePath
from shared.generators.paths.cosine_config import CosinePathConfig
from shared.generators.paths.linear import LinearPath
from shared.generators.paths.linear_config import LinearPathConfig

DATA, NOISE = (torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
SHIFTED = CosinePathConfig(kind="cosine", log_snr_shift=2 * math.log(0.5))
PATHS = [LinearPath(), CosinePath(CosinePathConfig(kind="cosine")), CosinePath(SHIFTED)]


def noised(path, time):
    alpha, sigma, *_ = path.at(time)
    return alpha * DATA + sigma * NOISE


@pytest.mark.parametrize("path", PATHS)
def test_a_path_begins_in_the_noise_and_ends_in_the_data(path):
    torch.testing.assert_close(noised(path, 0.0), NOISE)
    torch.testing.assert_close(noised(path, 1.0), DATA)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("time", [0.0, 0.2, 0.7, 1.0])
def test_the_data_follow_from_the_velocity_anywhere(path, time):
    now = path.at(time)
    torch.testing.assert_close(now.a * noised(path, time) + now.b * path.velocity(DATA, NOISE, time), DATA)


@pytest.mark.parametrize("path", PATHS)
def test_steps_by_the_true_velocity_end_in_the_data_however_few(path):
    for count in (1, 2, 7):
        z = NOISE
        for time, following in itertools.pairwise(torch.linspace(0, 1, count + 1).tolist()):
            z = path.step(z, path.velocity(DATA, NOISE, time), time, following)
            torch.testing.assert_close(z, noised(path, following))


def test_the_cosine_path_predicts_minus_v():
    """v = α ε − σ x (Salimans & Ho 2022); ours points from the noise to the data, as the linear path's does."""
    path = CosinePath(SHIFTED)
    alpha, sigma, *_ = path.at(0.4)
    torch.testing.assert_close(alpha**2 + sigma**2, torch.tensor(1.0))
    torch.testing.assert_close(path.velocity(DATA, NOISE, 0.4), -(alpha * NOISE - sigma * DATA))


def test_a_step_is_that_of_ddim():
    """DDIM: x̂ and ε̂ from z and v, then z' = α' x̂ + σ' ε̂; here with a velocity that is not the true one."""
    path, time, following = CosinePath(SHIFTED), 0.3, 0.5
    velocity, z = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(2)), noised(path, time)
    now, then = path.at(time), path.at(following)
    data, noise = now.alpha * z + now.sigma * velocity, now.sigma * z - now.alpha * velocity
    torch.testing.assert_close(path.step(z, velocity, time, following), then.alpha * data + then.sigma * noise)


def test_the_shift_is_added_to_the_log_signal_to_noise_ratio():
    """Nichol & Dhariwal's ln(α² / σ²) is 2 ln tan(π t / 2), and the shift adds to it at every time."""
    times = torch.linspace(0.05, 0.95, 19)
    for config in (CosinePathConfig(kind="cosine"), SHIFTED):
        alpha, sigma, *_ = CosinePath(config).at(times)
        expected = 2 * torch.log(torch.tan(torch.pi / 2 * times)) + config.log_snr_shift
        torch.testing.assert_close(2 * torch.log(alpha / sigma), expected, atol=1e-5, rtol=1e-5)


def test_the_config_names_the_path():
    assert isinstance(LinearPathConfig(kind="linear").build(), LinearPath)
    assert isinstance(SHIFTED.build(), CosinePath)
