"""The KL term, plain and with a target; rates against the published table."""

import math

import pytest
import torch

from shared.bottlenecks.base import GaussianPosterior
from shared.losses.config import KlConfig
from shared.losses.kl import kbps_to_nats, kl_loss, nats_to_kbps

KL = torch.tensor([[10.0, 20.0], [30.0, 40.0]])  # mean 25


def test_without_a_target_it_is_the_weighted_mean():
    assert kl_loss(KL, KlConfig(weight=0.01), dim=8, frame_rate=40.0).item() == pytest.approx(0.25)


def test_with_a_target_it_is_the_squared_distance_of_the_means_both_over_the_width():
    config = KlConfig.model_validate({"weight": 2.0, "target": {"nats": 41.0}})
    assert kl_loss(KL, config, dim=8, frame_rate=40.0).item() == pytest.approx(2.0 * (25 / 8 - 41 / 8) ** 2)


def test_a_target_in_kbps_is_one_in_nats_at_the_latent_frame_rate():
    nats = KlConfig.model_validate({"weight": 1.0, "target": {"nats": 1000 * math.log(2) / 50}})
    kbps = KlConfig.model_validate({"weight": 1.0, "target": {"kbps": 1.0}})
    assert kl_loss(KL, nats, 8, 50.0).item() == pytest.approx(kl_loss(KL, kbps, 8, 50.0).item())


# Target-KL, Table 2, at 40 Hz; its kbps are cut off after two digits.
@pytest.mark.parametrize(("nats", "kbps"), [(132.63, 7.65), (200.39, 11.56), (341.26, 19.69), (1284.21, 74.10)])
def test_rates_are_those_of_the_paper(nats, kbps):
    assert math.floor(100 * nats_to_kbps(nats, 40.0)) / 100 == kbps
    assert kbps_to_nats(nats_to_kbps(nats, 40.0), 40.0) == pytest.approx(nats)


def test_the_gradient_points_to_the_target_from_either_side():
    config = KlConfig.model_validate({"weight": 1.0, "target": {"nats": 5.0}})
    for value, sign in ((9.0, 1), (2.0, -1), (5.0, 0)):
        kl = torch.full((1, 3), value, requires_grad=True)
        kl_loss(kl, config, 4, 40.0).backward()
        assert kl.grad.sign().eq(sign).all()


@pytest.mark.parametrize("target", [{}, {"nats": 3.0, "kbps": 1.0}])
def test_a_target_has_one_unit(target):
    with pytest.raises(ValueError, match="either nats or kbps"):
        KlConfig.model_validate({"weight": 1.0, "target": target})


@pytest.mark.parametrize("mean", [0.1, 3.0])
def test_minimising_it_brings_the_rate_to_the_target(mean):
    config = KlConfig.model_validate({"weight": 1.0, "target": {"nats": 6.0}})
    posterior = GaussianPosterior(torch.full((2, 4, 5), mean, requires_grad=True), torch.full((2, 4, 5), 0.5))
    optimizer = torch.optim.Adam([posterior.mean], 0.02)
    for _ in range(400):
        optimizer.zero_grad()
        kl_loss(posterior.kl(), config, 4, 40.0).backward()
        optimizer.step()
    assert posterior.kl().mean().item() == pytest.approx(6.0, rel=0.01)
