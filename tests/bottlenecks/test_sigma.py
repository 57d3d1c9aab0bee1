"""The σ-VAE bottleneck: its equations, how σ is drawn, its end points, and gradients that reach the encoder."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from shared.bottlenecks.base import SigmaPosterior, noise_scale
from shared.bottlenecks.config import Draw
from shared.bottlenecks.sigma import SigmaBottleneck
from shared.bottlenecks.sigma_config import SigmaConfig

DRAWS = ["fixed", "normal"]


def make_posterior(draw: Draw, std: float = 0.625) -> tuple[SigmaPosterior, torch.Tensor]:
    features = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    return SigmaBottleneck(SigmaConfig(kind="sigma", dim=3, std=std, draw=draw))(features), features


@pytest.mark.parametrize("draw", DRAWS)
def test_the_mean_is_the_encoders_output_and_the_std_is_set(draw):
    posterior, features = make_posterior(draw)
    torch.testing.assert_close(posterior.mean, features)
    torch.testing.assert_close(posterior.std, torch.full((2, 3, 5), 0.625))


def test_without_noise_a_sample_is_the_mean():
    for draw in DRAWS:
        posterior, _ = make_posterior(draw, std=0.0)
        torch.testing.assert_close(posterior.sample(), posterior.mean, rtol=0, atol=0)
        assert posterior.kl().isposinf().all()


def sigmas(draw: Draw) -> torch.Tensor:
    """What each of 4000 examples' noise measures, `(4000,)`."""
    torch.manual_seed(0)
    posterior = SigmaPosterior(torch.full((4000, 8, 50), 2.0), torch.full((4000, 8, 50), 0.625), draw)
    noise = posterior.sample() - 2
    assert noise.mean().abs() < 0.01
    # One σ for all channels and frames of an example: its quarters are as loud as one another.
    parts = noise.unflatten(1, (2, 4)).unflatten(3, (2, 25)).square().mean((2, 4)).sqrt().flatten(1)
    assert (parts / noise.square().mean((1, 2)).sqrt()[:, None] - 1).abs().max() < 0.35
    return noise.square().mean((1, 2)).sqrt()


def test_a_fixed_sigma_is_the_same_for_all_examples():
    torch.testing.assert_close(sigmas("fixed"), torch.full((4000,), 0.625), rtol=0.15, atol=0)


def test_a_drawn_sigma_is_normal_over_examples():
    """As in VibeVoice: root mean square 0.625, mean of |σ| 0.5, and a twentieth beyond 1.96 times the std."""
    drawn = sigmas("normal")
    assert drawn.square().mean().sqrt().item() == pytest.approx(0.625, rel=0.04)
    assert drawn.mean().item() == pytest.approx(0.625 * (2 / torch.pi) ** 0.5, rel=0.04)
    assert (drawn > 1.96 * 0.625).float().mean().item() == pytest.approx(0.05, abs=0.015)


def test_sigma_is_drawn_anew_each_time_and_reproducibly():
    first, second = (noise_scale("normal", 3, torch.Generator().manual_seed(seed)) for seed in (0, 1))
    assert first.shape == (3, 1, 1) and first.unique().numel() == 3 and not torch.equal(first, second)
    assert torch.equal(first, noise_scale("normal", 3, torch.Generator().manual_seed(0)))
    assert torch.equal(noise_scale("fixed", 3), torch.ones(3, 1, 1))


@pytest.mark.parametrize("draw", DRAWS)
def test_the_penalty_is_the_mean_square_of_mu(draw):
    posterior, features = make_posterior(draw)
    first, second, third = features.unbind(1)
    torch.testing.assert_close(posterior.penalty(), (first**2 + second**2 + third**2) / 3)


@pytest.mark.parametrize("draw", DRAWS)
def test_the_penalty_pulls_as_the_kl_does(draw):
    gradients = []
    for measure in (SigmaPosterior.kl, lambda each: 3 / 2 * each.penalty()):
        posterior, features = make_posterior(draw)
        measure(posterior).sum().backward()
        gradients.append(features.grad)
    torch.testing.assert_close(*gradients)


def test_kl_of_a_fixed_sigma_agrees_with_torch_distributions():
    posterior, _ = make_posterior("fixed")
    expected = kl_divergence(Normal(posterior.mean, posterior.std), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(posterior.kl(), expected)


def test_kl_of_a_drawn_sigma_is_its_mean_over_draws():
    posterior, _ = make_posterior("normal")
    torch.manual_seed(0)
    sigma = (0.625 * torch.randn(200_000, 1, dtype=torch.float64)).abs()
    mean = posterior.mean[0, :, 0].detach().double()
    expected = kl_divergence(Normal(mean, sigma), Normal(0.0, 1.0)).sum(dim=1).mean()
    assert posterior.kl()[0, 0].item() == pytest.approx(expected.item(), rel=0.01)


@pytest.mark.parametrize("draw", DRAWS)
def test_gradients_of_sample_and_penalty_reach_the_encoder(draw):
    for value in (lambda each: each.sample().square().sum(), lambda each: each.penalty().sum()):
        posterior, features = make_posterior(draw)
        value(posterior).backward()
        assert (features.grad.abs().sum(dim=(0, 2)) > 0).all()


@pytest.mark.parametrize("missing", ["std", "draw"])
def test_how_sigma_is_drawn_must_be_said(missing):
    said = {"kind": "sigma", "dim": 3, "std": 0.625, "draw": "normal"}
    with pytest.raises(ValueError, match=f"{missing}\n  Field required"):
        SigmaConfig.model_validate({name: value for name, value in said.items() if name != missing})
