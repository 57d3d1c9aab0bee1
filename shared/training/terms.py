"""The terms of an autoencoder's loss, and how far back each one's gradient goes."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor


class Term(NamedTuple):
    """A loss, a scalar, and what it is multiplied by in the total."""

    value: Tensor
    weight: float | Tensor = 1.0


def total(terms: Iterable[Term]) -> Tensor:
    """Σ weight · value, a scalar."""
    return sum((term.weight * term.value for term in terms), torch.zeros(()))


class LatentCut:
    """Ends the decoder's graph at the latent, so that losses of its output can differ in what they pass on.

    Call it on the latent `(batch, dim, frames)` that is to be decoded, once.

    Attributes:
        outside: the latent as the encoder made it.
        inside: the same numbers, as the decoder takes them: a leaf of the graph.
    """

    outside: Tensor
    inside: Tensor

    def __call__(self, latents: Tensor) -> Tensor:
        """`inside`, of the same shape."""
        self.outside, self.inside = latents, latents.detach().requires_grad_()
        return self.inside

    def join(self, output: Tensor, passing: list[Term], stopped: list[Term]) -> Tensor:
        """A scalar whose gradient is that of L₁ + L₂ at the decoder's weights, and of L₁ alone before the latent.

            ⟨output, ∂(L₁ + L₂)/∂output⟩ + ⟨latent, ∂L₁/∂latent⟩, all derivatives taken as constants

        The losses and the decoder run forwards once. The decoder is gone through backwards twice: here for the latent,
        without its weights, and later for its weights.

        Args:
            output: what the decoder made of `inside`; the losses are of it.
            passing: L₁; may be empty.
            stopped: L₂; not empty.
        """
        # The losses share the graph of the discriminators.
        gradient = _gradient(total(stopped), output, retain_graph=bool(passing))
        if not passing:
            return (output * gradient).sum()
        passed = _gradient(total(passing), output)
        # The decoder's graph is needed once more.
        (at_latent,) = torch.autograd.grad(output, self.inside, passed, retain_graph=True)
        return (output * (passed + gradient)).sum() + (self.outside * at_latent).sum()


def _gradient(loss: Tensor, at: Tensor, retain_graph: bool = False) -> Tensor:
    return torch.autograd.grad(loss, at, retain_graph=retain_graph)[0]
