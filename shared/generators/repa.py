"""Representation alignment (REPA, Yu et al. 2025) of a generator's hidden states to a frozen speech encoder.

L_repa = mean |P h − f| over the frames of the span, with h the hidden states after a middle block, P a trained
linear layer and f the teacher's last hidden states, interpolated in time to the latent frame rate. LongCat section
3.2: mHuBERT-147, layer 8 of 24, L1; it speeds up convergence and does not change the quality.
"""

from torch import Tensor, nn


class Repa(nn.Module):
    """Projection of hidden states to the teacher's width, and the loss."""

    def __init__(self, width: int, teacher_dim: int):
        super().__init__()
        self.projection = nn.Linear(width, teacher_dim)

    def forward(self, hidden: Tensor, target: Tensor, span: Tensor) -> Tensor:
        """Hidden states `(batch, frames, width)`, targets `(batch, frames, teacher_dim)`, span `(batch, frames)`."""
        error = (self.projection(hidden).float() - target).abs().mean(dim=-1)
        return (error * span).sum() / span.sum()
