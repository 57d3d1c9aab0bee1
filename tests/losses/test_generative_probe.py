"""The generative probe: its equation, its times and the published size."""

import pytest
import torch
from scipy.stats import kstest, norm

from shared.losses.generative_probe import GenerativeProbe, ProbeTransformer, draw_times
from shared.losses.generative_probe_config import GenerativeProbeConfig

TINY = GenerativeProbeConfig(weight=1.0, detach_steps=5, width=32, depth=2, heads=2, time_features=16)


@pytest.fixture
def latents() -> torch.Tensor:
    return 3 * torch.randn(4, 6, 10, generator=torch.Generator().manual_seed(0))


def make(config: GenerativeProbeConfig = TINY) -> GenerativeProbe:
    torch.manual_seed(0)
    return GenerativeProbe(config, 6)


def test_parameters_of_the_published_probe():
    """39,291,648 by the released classes, with Fourier features and residual convolutions that are left out here."""
    with torch.device("meta"):
        probe = GenerativeProbe(GenerativeProbeConfig(weight=1.0), 256)
    parameters = sum(each.numel() for each in probe.parameters())
    assert parameters == 39_291_648 - 256 - 2 * 256**2
    assert abs(parameters / 39.3e6 - 1) < 0.01


def test_the_loss_is_its_formula(latents):
    probe = make()
    probe.sigma.fill_(0.7)
    given = []
    probe.transformer.register_forward_hook(lambda _, inputs, output: given.append((*inputs, output)))
    torch.manual_seed(1)
    loss = probe(latents)
    noisy, time, velocity = given[0]
    torch.manual_seed(1)
    assert torch.equal(time, draw_times(4, 0.075))
    sigma = 0.7
    z, noise = latents.transpose(1, 2), torch.randn(4, 10, 6)
    t = time.view(4, 1, 1)
    torch.testing.assert_close(noisy, (1 - t) * z + t * sigma * noise)
    torch.testing.assert_close(loss, (velocity - (sigma * noise - z)).square().mean())


def test_sigma_follows_the_latents_after_each_step_and_is_saved(latents):
    probe = make()
    probe(latents)
    assert probe.sigma.item() == 1
    for _ in range(100):
        probe.follow(latents.std())
    assert probe.sigma.item() == pytest.approx(0.99**100 + (1 - 0.99**100) * latents.std().item(), rel=1e-4)
    assert "sigma" in probe.state_dict()


def test_times_are_a_truncated_logistic_normal_turned_round():
    torch.manual_seed(0)
    times = draw_times(20_000, 0.075)
    assert times.min() >= 0 and times.max() <= 1
    above = (1 - times.double().numpy()) * (1 - 0.075) + 0.075
    lowest = norm.cdf(torch.logit(torch.tensor(0.075)).item())

    def distribution(s):
        return (norm.cdf(torch.logit(torch.from_numpy(s)).numpy()) - lowest) / (1 - lowest)

    assert kstest(above, distribution).pvalue > 0.01


def test_each_latent_and_each_weight_learns_from_it(latents):
    probe, latents = make(), latents.requires_grad_()
    probe(latents).backward()
    assert (latents.grad.abs().sum((1, 2)) > 0).all()
    assert probe.transformer.project.weight.grad.abs().sum() > 0


def test_the_gradient_comes_through_the_input_and_through_the_target(latents):
    """A transformer that ignores its input leaves the target's gradient; one that answers it exactly leaves none."""
    probe, latents = make(), latents.requires_grad_()
    probe.transformer.forward = lambda noisy, time: torch.zeros_like(noisy)
    torch.manual_seed(1)
    target_only = torch.autograd.grad(probe(latents), latents)[0]
    probe.transformer.forward = lambda noisy, time: noisy
    torch.manual_seed(1)
    both = torch.autograd.grad(probe(latents), latents)[0]
    torch.manual_seed(1)
    time, sigma = draw_times(4, 0.075).view(4, 1, 1), probe.sigma
    noise = torch.randn(4, 10, 6).transpose(1, 2)
    # With v = z_t, the error is (2 − t) z + (t − 1) σ ε.
    error = (2 - time) * latents + (time - 1) * sigma * noise
    torch.testing.assert_close(both, 2 * error * (2 - time) / latents.numel(), rtol=1e-2, atol=1e-4)
    assert target_only.abs().sum() > 0 and not torch.allclose(target_only, both)


def test_the_transformer_hears_time_and_all_frames():
    torch.manual_seed(0)
    model = ProbeTransformer(TINY, 6)
    for block in model.blocks:
        torch.nn.init.normal_(block.attention.out.weight, std=0.3)
        torch.nn.init.normal_(block.feed_forward.out.weight, std=0.3)
    noisy, time = torch.randn(2, 9, 6, requires_grad=True), torch.tensor([0.2, 0.7])
    output = model(noisy, time)
    assert output.shape == (2, 9, 6)
    gradient = torch.autograd.grad(output[0, 4].sum(), noisy)[0]
    assert (gradient[0].abs().sum(1) > 0).all() and not gradient[1].any()
    assert not torch.allclose(model(noisy, time.flip(0)), output, atol=1e-3)


def test_it_learns_latents_that_are_easy_and_gets_no_further_with_noise():
    """Latents of one value are predicted far better than white noise of the same variance."""
    losses = []
    for constant in (True, False):
        probe = make()
        optimizer = torch.optim.Adam(probe.parameters(), lr=1e-2)
        recent = []
        for step in range(40):
            torch.manual_seed(step)
            z = torch.randn(8, 6, 1).expand(-1, -1, 10) if constant else torch.randn(8, 6, 10)
            loss = probe(z)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recent.append(loss.item())
        losses.append(sum(recent[-15:]) / 15)
    assert losses[0] < 0.8 * losses[1]


def test_a_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="width 36 must be a multiple of 4 x 8 heads"):
        GenerativeProbeConfig(weight=1.0, width=36)
    with pytest.raises(ValueError, match="weight"):
        GenerativeProbeConfig()
