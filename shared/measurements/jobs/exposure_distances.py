"""How far a next-token model drifts on what it has said itself: its error by position, teacher-forced and free-running.

Speech that a model makes on its own has its own pace, so that none of its frames has a recorded one to be compared
with. What can be compared is the distribution, over many clips, of the latents at one position after the prompt: with
recorded latents at that position. The distance is Fréchet's between Gaussians with independent channels, the mean over
channels of (difference of means)² + (difference of standard deviations)²; scaled latents have a variance of about 1.

Teacher-forced, each patch is sampled after recorded ones: the error of the head alone, and of having so few clips.
Free-running, it is sampled after the model's own: what exceeds the former is the exposure to its own errors. Latents
that blow up, fade or get stuck show here; a wrong word, said well, does not, and is for the word error rate to find.
Where only m clips of the free run last as long as n recorded ones do, chance adds about 1.5/m − 1.5/n to the excess.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from shared.config import ConfigError
from shared.generators.next_token import NextTokenGenerator
from shared.generators.text_positions import Prompt
from shared.sampling.next_token import PatchSolver, sample_next_tokens
from shared.sampling.next_token_config import NextTokenSolverConfig


class Continuations(NamedTuple):
    """What follows the prompt of each clip, `(patches, patch, dim)`: as recorded, and sampled in the two ways."""

    recorded: list[Tensor]
    teacher_forced: list[Tensor]
    free_running: list[Tensor]


class Exposure(NamedTuple):
    """By position after the prompt, in patches: the two distances, NaN with fewer than two clips; and the clips."""

    teacher_forced: Tensor
    free_running: Tensor
    recorded_clips: Tensor
    free_running_clips: Tensor


@torch.inference_mode()
def continue_prompts(
    generator: NextTokenGenerator, solver: NextTokenSolverConfig, latents: list[Tensor], prompts: list[Prompt],
    texts: list[str], noise: list[Tensor],
) -> Continuations:
    """A batch of clips, sampled teacher-forced and free-running from the same noise.

    Args:
        generator: trained, in eval mode.
        solver: the settings.
        latents: scaled latents of prompts and targets, each `(frames, dim)`; a last incomplete patch is cut off.
        prompts: what of each is the prompt; its frames are whole patches.
        texts: prompt text and target text, joined.
        noise: what frames are made from in both runs, each shaped as its latents.
    """
    size = generator.config.patch
    whole = [each[: len(each) // size * size] for each in latents]
    frames = torch.tensor([len(each) for each in whole], device=whole[0].device)
    heard = [each[: prompt.frames] for each, prompt in zip(whole, prompts, strict=True)]
    paces = generator.positions.paces(prompts)
    padded = pad_sequence([each[: len(row)] for each, row in zip(noise, whole, strict=True)], batch_first=True)
    free = sample_next_tokens(generator, solver, padded, frames, heard, texts, paces)

    patches, starts = generator.patches(pad_sequence(whole, batch_first=True)), generator.patches(padded)
    previous = torch.cat([torch.zeros_like(patches[:, :1]), patches[:, :-1]], dim=1)
    states = generator.states(patches, frames // size, texts, paces)[:, :-1]
    solve_patch = PatchSolver(generator, solver)
    # Clip by clip, since the solver keeps what it needs of all its steps.
    ours = torch.stack([solve_patch(*clip) for clip in zip(starts, states, previous, strict=True)])
    spans = [slice(prompt.frames // size, len(each) // size) for prompt, each in zip(prompts, whole, strict=True)]
    recorded, forced = ([row[span] for row, span in zip(each, spans, strict=True)] for each in (patches, ours))
    return Continuations(recorded, forced, [generator.patches(each.unsqueeze(0))[0] for each in free])


def measure_exposure(clips: Continuations) -> Exposure:
    """The distances at each position that a recorded clip has.

    Raises:
        ConfigError: no position has two clips to compare.
        ValueError: the model makes latents that are not finite.
    """
    if sum(len(each) > 0 for each in clips.recorded) < 2:
        raise ConfigError("exposure compares sets of clips: it needs two test clips that last a patch")
    if not all(each.isfinite().all() for each in (*clips.teacher_forced, *clips.free_running)):
        raise ValueError("the model makes latents that are not finite")
    positions = max(len(each) for each in clips.recorded)
    truth, forced, free = (at_positions(each, positions) for each in clips)
    return Exposure(
        torch.stack([distance(a, b) for a, b in zip(forced, truth, strict=True)]),
        torch.stack([distance(a, b) for a, b in zip(free, truth, strict=True)]),
        torch.tensor([len(each) for each in truth]),
        torch.tensor([len(each) for each in free]),
    )


def at_positions(clips: list[Tensor], positions: int) -> list[Tensor]:
    """For each position, the patches there of the clips that last so long, `(clips, patch, dim)`."""
    shape = clips[0].shape[1:]
    return [
        torch.stack(there) if (there := [clip[k] for clip in clips if len(clip) > k]) else clips[0].new_zeros(0, *shape)
        for k in range(positions)
    ]


def distance(a: Tensor, b: Tensor) -> Tensor:
    """Fréchet distance of two sets `(clips, patch, dim)`, channels apart: their mean. NaN for sets of fewer than 2."""
    if min(len(a), len(b)) < 2:
        return a.new_tensor(torch.nan)
    mean = a.mean(dim=0) - b.mean(dim=0)
    std = a.std(dim=0, correction=0) - b.std(dim=0, correction=0)
    return (mean.square() + std.square()).mean()
