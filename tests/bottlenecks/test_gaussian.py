"""The Gaussian bottleneck: its equations, and gradients that reach the encoder."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from shared.bottlenecks.base import GaussianPosterior
from shared.bottlenecks.gaussian import GaussianBottleneck
from shared.bottlenecks.gaussian_config import GaussianConfig

SCALES = ["softplus", "log_variance"]


def make_posterior(scale: str = "softplus") -> tuple[GaussianPosterior, torch.Tensor]:
    features = torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    return GaussianBottleneck(GaussianConfig(dim=3, scale=scale))(features), features


def test_std_is_softplus_of_the_scale_plus_the_minimum():
    posterior, features = make_posterior()
    torch.testing.assert_close(posterior.mean, features[:, :3])
    torch.testing.assert_close(posterior.std, torch.log1p(features[:, 3:].exp()) + 1e-4)


def test_std_is_the_root_of_the_variance_whose_logarithm_the_scale_is():
    posterior, features = make_posterior("log_variance")
    torch.testing.assert_close(posterior.mean, features[:, :3])
    torch.testing.assert_close(posterior.std.square().log(), features[:, 3:])


def test_a_log_variance_is_clamped_to_12_and_learns_nothing_beyond():
    scales = torch.tensor([-100.0, 11, 100], requires_grad=True)
    features = torch.stack([torch.zeros(3), scales]).unsqueeze(0)
    std = GaussianBottleneck(GaussianConfig(dim=1, scale="log_variance"))(features).std.flatten()
    torch.testing.assert_close(std, torch.tensor([-6, 5.5, 6]).exp())
    std.sum().backward()
    assert scales.grad.tolist() == pytest.approx([0, std[1].item() / 2, 0])


@pytest.mark.parametrize(("scale", "minimum"), [("softplus", 1e-4), ("log_variance", 0)])
def test_the_initial_std_is_that_at_a_scale_of_zero(scale, minimum):
    bottleneck = GaussianBottleneck(GaussianConfig(dim=3, initial_std=0.1, scale=scale))
    torch.testing.assert_close(bottleneck(torch.zeros(1, 6, 2)).std, torch.full((1, 3, 2), 0.1 + minimum))


@pytest.mark.parametrize("scale", SCALES)
def test_kl_agrees_with_torch_distributions(scale):
    posterior, _ = make_posterior(scale)
    expected = kl_divergence(Normal(posterior.mean, posterior.std), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(posterior.kl(), expected)


def test_kl_of_log_variances_is_semantic_vaes_formula():
    """-½ Σ (1 + ln σ² − μ² − σ²), written from the log-variance."""
    posterior, features = make_posterior("log_variance")
    mean, log_variance = features.chunk(2, dim=1)
    expected = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(dim=1)
    torch.testing.assert_close(posterior.kl(), expected)


def test_kl_is_half_of_raves():
    """Its released code: Σ (μ² + σ² − ln σ² − 1), σ = softplus + 1e-4; so our weight is twice its β."""
    posterior, features = make_posterior()
    mean, scale = features.chunk(2, dim=1)
    std = torch.nn.functional.softplus(scale) + 1e-4
    torch.testing.assert_close(2 * posterior.kl(), (mean**2 + std**2 - (std**2).log() - 1).sum(dim=1))


def test_kl_of_the_prior_is_zero():
    assert GaussianPosterior(torch.zeros(1, 4, 2), torch.ones(1, 4, 2)).kl().abs().max() == 0


def test_samples_have_the_posterior_mean_and_spread():
    torch.manual_seed(0)
    posterior = GaussianPosterior(torch.full((1, 1, 100_000), 2.0), torch.full((1, 1, 100_000), 0.5))
    sample = posterior.sample()
    assert abs(sample.mean() - 2) < 0.01 and abs(sample.std() - 0.5) < 0.01


@pytest.mark.parametrize("scale", SCALES)
def test_gradients_of_sample_and_kl_reach_the_encoder(scale):
    for value in (lambda p: p.sample().square().sum(), lambda p: p.kl().sum()):
        posterior, features = make_posterior(scale)
        value(posterior).backward()
        assert (features.grad.abs().sum(dim=(0, 2)) > 0).all()
