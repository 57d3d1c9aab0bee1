"""The Gaussian bottleneck: its equations, and gradients that reach the encoder."""

import torch
from torch.distributions import Normal, kl_divergence

from shared.bottlenecks.config import GaussianConfig
from shared.bottlenecks.gaussian import GaussianBottleneck, Posterior


def make_posterior() -> tuple[Posterior, torch.Tensor]:
    features = torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    return GaussianBottleneck(GaussianConfig(dim=3))(features), features


def test_std_is_softplus_of_the_scale_plus_the_minimum():
    posterior, features = make_posterior()
    torch.testing.assert_close(posterior.mean, features[:, :3])
    torch.testing.assert_close(posterior.std, torch.log1p(features[:, 3:].exp()) + 1e-4)


def test_the_initial_std_is_that_at_a_scale_of_zero():
    bottleneck = GaussianBottleneck(GaussianConfig(dim=3, initial_std=0.1))
    torch.testing.assert_close(bottleneck(torch.zeros(1, 6, 2)).std, torch.full((1, 3, 2), 0.1 + 1e-4))


def test_kl_agrees_with_torch_distributions():
    posterior, _ = make_posterior()
    expected = kl_divergence(Normal(posterior.mean, posterior.std), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(posterior.kl(), expected)


def test_kl_of_the_prior_is_zero():
    assert Posterior(torch.zeros(1, 4, 2), torch.ones(1, 4, 2)).kl().abs().max() == 0


def test_samples_have_the_posterior_mean_and_spread():
    torch.manual_seed(0)
    posterior = Posterior(torch.full((1, 1, 100_000), 2.0), torch.full((1, 1, 100_000), 0.5))
    sample = posterior.sample()
    assert abs(sample.mean() - 2) < 0.01 and abs(sample.std() - 0.5) < 0.01


def test_gradients_of_sample_and_kl_reach_the_encoder():
    for value in (lambda p: p.sample().square().sum(), lambda p: p.kl().sum()):
        posterior, features = make_posterior()
        value(posterior).backward()
        assert (features.grad.abs().sum(dim=(0, 2)) > 0).all()
