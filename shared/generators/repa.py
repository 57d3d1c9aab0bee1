"""Representation alignment (REPA, Yu et al. 2025) of a generator's hidden states to a frozen speech encoder.

L_repa = mean |P h − f| over the frames of the span, with h the hidden states after a middle block, P a trained
linear layer and f the teacher's last hidden states, interpolated in time to the latent frame rate. LongCat section
3.2: mHuBERT-147, layer 8 of 24, L1; it speeds up convergence and does not change the quality.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

TEACHER_RATE = 16000  # Hz; what HuBERT-like encoders expect


class Repa(nn.Module):
    """Projection of hidden states to the teacher's width, and the loss."""

    def __init__(self, width: int, teacher_dim: int):
        super().__init__()
        self.projection = nn.Linear(width, teacher_dim)

    def forward(self, hidden: Tensor, target: Tensor, span: Tensor) -> Tensor:
        """Hidden states `(batch, frames, width)`, targets `(batch, frames, teacher_dim)`, span `(batch, frames)`."""
        error = (self.projection(hidden).float() - target).abs().mean(dim=-1)
        return (error * span).sum() / span.sum()


class Teacher:
    """A frozen speech encoder.

    Raises:
        OSError: `name` is neither a local folder nor reachable on the hub.
    """

    def __init__(self, name: str | Path):
        from transformers import AutoModel

        self.model = AutoModel.from_pretrained(str(name)).eval().requires_grad_(False)

    @torch.inference_mode()
    def features(self, audio: np.ndarray, sample_rate: int, frames: int) -> Tensor:
        """Last hidden states of `(time,)` audio, interpolated to `(frames, teacher_dim)`."""
        import soxr

        audio = soxr.resample(audio, sample_rate, TEACHER_RATE) if sample_rate != TEACHER_RATE else audio
        hidden = self.model(torch.from_numpy(audio).unsqueeze(0)).last_hidden_state
        return F.interpolate(hidden.transpose(1, 2), size=frames, mode="linear")[0].T.clone()
