"""Guidance: both equations, their end points, the projection and the momentum."""

import pytest
import torch

from shared.generators.paths.cosine import CosinePath
from shared.generators.paths.cosine_config import CosinePathConfig
from shared.generators.paths.linear import LinearPath
from shared.sampling.guidance import Guidance, project
from shared.sampling.infilling_config import GuidanceConfig

GENERATOR = torch.Generator().manual_seed(0)
Z, V, NULL = (torch.randn(2, 5, 3, generator=GENERATOR) for _ in range(3))


def guide(time: float = 0.25, **settings) -> torch.Tensor:
    return Guidance(GuidanceConfig(**settings))(Z, LinearPath().at(time), V, NULL)


def test_cfg_is_the_velocity_plus_the_scaled_difference():
    torch.testing.assert_close(guide(kind="cfg", scale=3.0), V + 3.0 * (V - NULL))


@pytest.mark.parametrize("kind", ["cfg", "apg"])
def test_scale_zero_is_no_guidance(kind):
    torch.testing.assert_close(guide(kind=kind, scale=0.0), V)


def test_apg_with_full_parallel_part_and_no_momentum_is_cfg():
    apg = guide(kind="apg", scale=4.0, parallel=1.0, momentum=0.0)
    torch.testing.assert_close(apg, guide(kind="cfg", scale=4.0), rtol=1e-4, atol=1e-4)


def test_apg_is_cfg_on_the_cosine_path_too_where_nothing_is_projected():
    now = CosinePath(CosinePathConfig(kind="cosine")).at(0.3)
    apg = Guidance(GuidanceConfig(kind="apg", scale=4.0, parallel=1.0, momentum=0.0))(Z, now, V, NULL)
    torch.testing.assert_close(apg, V + 4.0 * (V - NULL), rtol=1e-4, atol=1e-4)


def test_projection_is_along_the_direction_and_the_rest_is_orthogonal():
    parallel = project(V, Z)
    rest = (V - parallel) * Z
    torch.testing.assert_close(rest.sum(dim=(1, 2)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(project(3.0 * Z, Z), 3.0 * Z)


@pytest.mark.parametrize(("scaled", "weight"), [(True, 2.0), (False, 0.5)])
def test_the_parallel_part_is_weighted_as_in_the_code_or_as_in_the_paper(scaled, weight):
    """Eq. 9 weighs the parallel part by η = 0.5, the released code by α η = 2."""
    time = 0.25
    guided = guide(time, kind="apg", scale=4.0, parallel=0.5, parallel_scaled=scaled, momentum=0.0)
    sample = Z + (1 - time) * V
    update = (1 - time) * (V - NULL)
    parallel = project(update, sample)
    expected = sample + 4.0 * (update - parallel) + weight * parallel
    torch.testing.assert_close(Z + (1 - time) * guided, expected)


def test_momentum_adds_the_earlier_updates():
    guidance = Guidance(GuidanceConfig(kind="apg", momentum=-0.3))
    guidance(Z, LinearPath().at(0.0), V, NULL)
    guidance(Z, LinearPath().at(0.5), V, NULL)
    torch.testing.assert_close(guidance.update, 0.5 * (V - NULL) - 0.3 * (V - NULL))
