"""Diffusion of a latent: targets as their equations have them, and the solver finds a known distribution."""

import math

import pytest
import torch

from shared.generators.diffusion import COSINE, LEAST_LOG_RATIO, STEPS, Diffusion, solver_steps


def alphas_and_sigmas(steps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Nichol & Dhariwal's schedule, written out: ᾱ is the product of 1 − β, β capped at 0.999."""

    def bar(t: float) -> float:
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    betas = torch.tensor([min(1 - bar((i + 1) / STEPS) / bar(i / STEPS), 0.999) for i in range(STEPS)])
    product = (1 - betas.double()).cumprod(0)[steps].float().unsqueeze(1)
    return product.sqrt(), (1 - product).sqrt()


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_noisy_data_and_targets_are_those_of_the_equations(prediction):
    torch.manual_seed(0)
    data, noise, steps = torch.randn(5, 2), torch.randn(5, 2), torch.tensor([0, 100, 500, 900, 999])
    noisy, target = Diffusion(prediction).noised(data, noise, steps)
    alpha, sigma = alphas_and_sigmas(steps)
    torch.testing.assert_close(noisy, alpha * data + sigma * noise, atol=1e-4, rtol=1e-4)
    expected = noise if prediction == "epsilon" else alpha * noise - sigma * data
    torch.testing.assert_close(target, expected, atol=1e-4, rtol=1e-4)


def test_times_are_spread_over_the_schedule():
    torch.manual_seed(0)
    noisy, target, time = Diffusion("epsilon").draw(torch.zeros(4000, 2))
    assert noisy.shape == target.shape == (4000, 2)
    assert time.min() >= 0 and time.max() < 1 and 0.48 < time.mean() < 0.52


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_solver_turns_noise_into_a_known_gaussian(prediction):
    """Of data N(m, s²) the best prediction is known: E[ε | z] = σ (z − α m) / (α² s² + σ²)."""
    torch.manual_seed(0)
    mean, std, calls = torch.tensor([2.0, -1.0]), torch.tensor([0.5, 1.5]), []
    steps = solver_steps(20)

    def predict(noisy, index):
        calls.append(steps[index].time)
        alpha, sigma = alphas_and_sigmas(torch.tensor([round(steps[index].time * STEPS)]))
        noise = sigma * (noisy - alpha * mean) / (alpha**2 * std**2 + sigma**2)
        data = mean + alpha * std**2 * (noisy - alpha * mean) / (alpha**2 * std**2 + sigma**2)
        return noise if prediction == "epsilon" else alpha * noise - sigma * data

    samples = Diffusion(prediction).solve(predict, torch.randn(4000, 2), evaluations=20)
    torch.testing.assert_close(samples.mean(0), mean, atol=0.06, rtol=0)
    torch.testing.assert_close(samples.std(0), std, atol=0.06, rtol=0)
    assert len(calls) == 20 and calls == sorted(calls, reverse=True)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("evaluations", [1, 2, 10, 20])
def test_the_solver_goes_where_the_reference_goes(prediction, evaluations):
    """The reference is the scheduler of diffusers; from 15 steps on it ends otherwise if its last σ is not 0."""
    from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

    settings = {"beta_schedule": COSINE, "prediction_type": prediction, "lambda_min_clipped": LEAST_LOG_RATIO}
    reference = DPMSolverMultistepScheduler(STEPS, **settings)
    reference.set_timesteps(evaluations)
    torch.manual_seed(0)
    noise = z = torch.randn(5, 2)
    for step in reference.timesteps:
        z = reference.step(torch.sin(3 * z + step / STEPS), step, z).prev_sample
    times = [step.time for step in solver_steps(evaluations)]
    ours = Diffusion(prediction).solve(lambda noisy, index: torch.sin(3 * noisy + times[index]), noise, evaluations)
    torch.testing.assert_close(ours, z, rtol=1e-5, atol=1e-5)
