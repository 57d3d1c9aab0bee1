"""Sampling: guided steps along the generator's path, with the prompt's part of the latent kept where it belongs."""

import itertools

import torch
from torch import Tensor

from shared.generators.infilling import InfillingGenerator
from shared.sampling.guidance import Guidance
from shared.sampling.infilling_config import InfillingSolverConfig


@torch.inference_mode()
def sample_latents(
    generator: InfillingGenerator, solver: InfillingSolverConfig, noise: Tensor, frames: Tensor,
    prompts: list[Tensor], texts: list[str],
) -> Tensor:
    """Latents `(batch, frames, dim)`, the prompts' part included.

    Args:
        generator: trained, in eval mode.
        solver: the settings.
        noise: z_0, `(batch, longest, dim)`.
        frames: total frames of each example, prompt included, `(batch,)`.
        prompts: scaled latents of the prompts, each `(prompt frames, dim)`.
        texts: prompt text and target text, joined.
    """
    lengths = torch.tensor([len(prompt) for prompt in prompts], device=noise.device)
    position = torch.arange(noise.shape[1], device=noise.device)
    is_prompt = (position < lengths[:, None]).unsqueeze(-1)
    is_padding = (position >= frames[:, None]).unsqueeze(-1)
    context = torch.zeros_like(noise)
    for row, prompt in zip(context, prompts, strict=True):
        row[: len(prompt)] = prompt
    text = generator.encode_text(texts)
    condition = generator.condition(context, frames, text)
    null_condition = generator.null_condition(context, frames, text) if solver.guidance.scale > 0 else None
    path = generator.path
    guidance = Guidance(solver.guidance)
    z = noise
    for time, following in itertools.pairwise(solver_times(solver)):
        now = path.at(time)
        if solver.prompt_fix:
            z = torch.where(is_prompt, now.sigma * noise + now.alpha * context, z)
        velocity = generator.velocity(z, time, condition)
        if null_condition is not None:
            start = z.masked_fill(is_prompt, 0.0) if solver.prompt_fix else z
            null = generator.velocity(start, time, null_condition)
            outside = (is_prompt & solver.prompt_fix) | is_padding
            z_kept, velocity, null = (part.masked_fill(outside, 0.0) for part in (z, velocity, null))
            velocity = guidance(z_kept, now, velocity, null)
        z = path.step(z, velocity, time, following)
    return torch.where(is_prompt, context, z)


def sample(
    generator: InfillingGenerator, solver: InfillingSolverConfig, noise: Tensor, frames: Tensor,
    prompts: list[Tensor], texts: list[str], said: list[str | None],
) -> list[Tensor]:
    """See `SolverConfig`; what is said in a prompt makes no difference."""
    latents = sample_latents(generator, solver, noise, frames, prompts, texts)
    return [row[len(prompt) : end] for row, prompt, end in zip(latents, prompts, frames.tolist(), strict=True)]


def solver_times(solver: InfillingSolverConfig) -> list[float]:
    """Times of the steps, from 0 to 1: equal steps, or those of sway sampling (F5-TTS)."""
    times = torch.linspace(0, 1, solver.evaluations + 1)
    if solver.sway is not None:
        times = times + solver.sway * (torch.cos(torch.pi / 2 * times) - 1 + times)
    return times.tolist()
