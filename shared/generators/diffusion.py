"""Diffusion of one latent at a time: z = α x + σ ε on a cosine schedule of 1000 steps (Nichol & Dhariwal 2021).

A head predicts ε, or v = α ε − σ x (Salimans & Ho 2022). Schedule, targets and solver are those of `diffusers`.
"""

import functools
import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

STEPS = 1000
COSINE = "squaredcos_cap_v2"
# Where α is next to nothing, x = (z − σ ε) / α magnifies every error of ε. Solving starts at ln(α / σ) = −5.1, what
# diffusers advises for a cosine schedule; there it still magnifies them 164 times.
LEAST_LOG_RATIO = -5.1


class Step(NamedTuple):
    """A step of the solver: at `time` z is `alpha` x + `sigma` ε, and the next z is a weighted sum.

    Attributes:
        of_z: weight of this z.
        of_data: weight of the data x that is predicted here.
        of_former: weight of the data that was predicted a step before.
    """

    time: float
    alpha: float
    sigma: float
    of_z: float
    of_data: float
    of_former: float


@functools.cache
def solver_steps(evaluations: int) -> tuple[Step, ...]:
    """DPM-Solver++ (Lu et al. 2022), a multistep midpoint of order 2; the first and the last step are of order 1.

    With λ = ln(α / σ) and h = λ' − λ from a step to the next, h₀ that of the step before (equation 4.4):

        z' = σ'/σ z + α' (1 − exp(−h)) ((1 + h / 2h₀) x − h / 2h₀ x₀)

    The times and the schedule at them are those of diffusers; its own loop takes as long as a small head.
    """
    from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

    solver = DPMSolverMultistepScheduler(STEPS, beta_schedule=COSINE, lambda_min_clipped=LEAST_LOG_RATIO)
    solver.set_timesteps(evaluations)
    ratios = solver.sigmas.tolist()  # σ / α, 0 at the end
    alphas = [1 / math.hypot(1, ratio) for ratio in ratios]
    widths = [math.log(now / following) if following else math.inf for now, following in itertools.pairwise(ratios)]
    steps = []
    for index, (time, width) in enumerate(zip(solver.timesteps.tolist(), widths, strict=True)):
        alpha, following = alphas[index : index + 2]
        inner = 0 < index < evaluations - 1
        half = width / (2 * widths[index - 1]) if inner else 0.0
        weight = -following * math.expm1(-width)
        of_z = ratios[index + 1] * following / (ratios[index] * alpha)
        steps.append(Step(time / STEPS, alpha, ratios[index] * alpha, of_z, weight * (1 + half), -weight * half))
    return tuple(steps)


class Diffusion:
    """What is noised, what is to be predicted, and the way back from noise.

    Args:
        prediction: `epsilon` or `v_prediction`.
    """

    def __init__(self, prediction: str):
        from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

        self.prediction = prediction
        self.schedule = DDPMScheduler(STEPS, beta_schedule=COSINE, prediction_type=prediction)

    def draw(self, data: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Noisy data and the target, of `data`'s shape `(n, …)`, at random times in [0, 1), `(n,)`: in this order."""
        steps = torch.randint(STEPS, (len(data),), device=data.device)
        return *self.noised(data, torch.randn_like(data), steps), steps / STEPS

    def noised(self, data: Tensor, noise: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Noisy data and the target at the schedule's `steps` `(n,)`."""
        noisy = self.schedule.add_noise(data, noise, steps)
        return noisy, noise if self.prediction == "epsilon" else self.schedule.get_velocity(data, noise, steps)

    def solve(self, predict: Callable[[Tensor, int], Tensor], noise: Tensor, evaluations: int) -> Tensor:
        """From noise to data by the steps of `solver_steps`.

        Args:
            predict: the head's prediction of noisy data `(n, …)` at the time of the step with this index.
            noise: `(n, …)`.
            evaluations: calls of `predict`.
        """
        z, former = noise, torch.zeros_like(noise)
        for index, step in enumerate(solver_steps(evaluations)):
            data = self._data(z, predict(z, index), step)
            z = (step.of_z * z).add_(data, alpha=step.of_data).add_(former, alpha=step.of_former)
            former = data
        return z

    def _data(self, z: Tensor, prediction: Tensor, step: Step) -> Tensor:
        if self.prediction == "epsilon":
            return torch.sub(z, prediction, alpha=step.sigma) / step.alpha
        return torch.sub(step.alpha * z, prediction, alpha=step.sigma)
