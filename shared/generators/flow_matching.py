"""Conditional flow matching on span-masked latents (Lipman et al. 2023; VoiceBox, Le et al. 2023).

Latents are noised along a path (`shared.generators.paths`; on the cosine one this is diffusion with v-prediction) and
the velocity there is to be predicted. A contiguous span is hidden from the context and the loss counts only there
(LongCat section 3.2).
"""

from typing import NamedTuple

import torch
from torch import Tensor

from shared.generators.infilling_config import FlowMatchingConfig
from shared.generators.paths.base import Path


class FlowExample(NamedTuple):
    """A training example; tensors over `(batch, frames, …)` with `span` true where the loss counts."""

    noisy: Tensor
    time: Tensor
    context: Tensor
    velocity: Tensor
    span: Tensor
    keep: Tensor  # (batch,) 1 where the text is given, 0 where it is dropped


def draw_spans(frames: Tensor, longest: int, ratio: tuple[float, float]) -> Tensor:
    """One contiguous span for each example, `(batch, longest)` bool: length a uniform share, start uniform."""
    share = ratio[0] + (ratio[1] - ratio[0]) * torch.rand(len(frames), device=frames.device)
    length = (share * frames).ceil()
    start = (torch.rand(len(frames), device=frames.device) * (frames - length + 1)).floor()
    position = torch.arange(longest, device=frames.device)
    return (position >= start[:, None]) & (position < (start + length)[:, None])


def draw_example(latents: Tensor, frames: Tensor, config: FlowMatchingConfig, path: Path) -> FlowExample:
    """Noise and mask `(batch, frames, dim)` latents; `frames` `(batch,)` are the true lengths.

    An example that drops its condition loses its text and its audio context, one that drops its context (VoiceBox,
    F5-TTS) the latter alone. With the context goes, if the config says so, the part of z_t outside the span, as in
    the unconditional branch of LongCat's released sampler.
    """
    batch = len(latents)
    span = draw_spans(frames, latents.shape[1], config.mask_ratio)
    time = torch.rand(batch, device=latents.device)
    if config.time == "logit_normal":
        time = torch.sigmoid(torch.randn(batch, device=latents.device))
    keep = (torch.rand(batch, device=latents.device) >= config.condition_dropout).to(latents.dtype)
    noise = torch.randn_like(latents)
    keep_context = keep
    if config.context_dropout:
        keep_context = keep * (torch.rand(batch, device=latents.device) >= config.context_dropout)
    t = time[:, None, None]
    hidden = span.unsqueeze(-1).to(latents.dtype)
    visible = (1 - hidden) * keep_context[:, None, None]
    alpha, sigma, *_ = path.at(t)
    noisy = sigma * noise + alpha * latents
    if config.drop_outside_span:
        noisy = noisy * (hidden + visible)
    return FlowExample(noisy, time, latents * visible, path.velocity(latents, noise, t), span, keep)


def flow_matching_loss(velocity: Tensor, example: FlowExample) -> Tensor:
    """Mean squared error of the velocity over the frames of the spans."""
    error = (velocity.float() - example.velocity).square().mean(dim=-1)
    return (error * example.span).sum() / example.span.sum()
