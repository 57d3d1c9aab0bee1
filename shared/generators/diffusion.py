"""Diffusion of one latent at a time: z = α x + σ ε on a cosine schedule of 1000 steps (Nichol & Dhariwal 2021).

A head predicts ε, or v = α ε − σ x (Salimans & Ho 2022). Schedule, targets and solver are those of `diffusers`.
"""

from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

STEPS = 1000
COSINE = "squaredcos_cap_v2"
# Where α is next to nothing, x = (z − σ ε) / α magnifies every error of ε. Solving starts at ln(α / σ) = −5.1, what
# diffusers advises for a cosine schedule; there it still magnifies them 164 times.
LEAST_LOG_RATIO = -5.1


class Diffusion:
    """What is noised, what is to be predicted, and the way back from noise.

    Args:
        prediction: `epsilon` or `v_prediction`.
    """

    def __init__(self, prediction: str):
        from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

        self.prediction = prediction
        self.schedule = DDPMScheduler(STEPS, beta_schedule=COSINE, prediction_type=prediction)

    @cached_property
    def solver(self):
        """The steps back; made when first asked for, as it can't be on the meta device."""
        from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

        return DPMSolverMultistepScheduler(
            STEPS, beta_schedule=COSINE, prediction_type=self.prediction, lambda_min_clipped=LEAST_LOG_RATIO
        )

    def draw(self, data: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Noisy data and the target, of `data`'s shape `(n, …)`, at random times in [0, 1), `(n,)`: in this order."""
        steps = torch.randint(STEPS, (len(data),), device=data.device)
        return *self.noised(data, torch.randn_like(data), steps), steps / STEPS

    def noised(self, data: Tensor, noise: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Noisy data and the target at the schedule's `steps` `(n,)`."""
        noisy = self.schedule.add_noise(data, noise, steps)
        return noisy, noise if self.prediction == "epsilon" else self.schedule.get_velocity(data, noise, steps)

    def solve(self, predict: Callable[[Tensor, Tensor], Tensor], noise: Tensor, evaluations: int) -> Tensor:
        """From noise to data by DPM-Solver++ (Lu et al. 2022), a multistep midpoint of order 2.

        Args:
            predict: the head's prediction of noisy data `(n, …)` at times `(n,)`.
            noise: `(n, …)`.
            evaluations: calls of `predict`.
        """
        self.solver.set_timesteps(evaluations)  # forgets the steps made before, too
        z = noise
        for step in self.solver.timesteps:
            prediction = predict(z, (step / STEPS).to(z).expand(len(z)))
            z = self.solver.step(prediction, step, z).prev_sample
        return z
