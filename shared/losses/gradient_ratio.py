"""A weight that makes one loss pull on shared parameters in proportion to another.

    λ = ratio · ‖∇L_reference‖ / (‖∇L‖ + ε)

The norms are over all the shared parameters together, and λ itself has no gradient. So SemaVoice (arXiv 2605.16964)
weights its alignment: the reference is the mel loss alone, unweighted, the parameters are the encoder's, and the ratio
is 0.5. We found no value of ε and no limit of λ there; our ε matters only where ∇L vanishes, and λ has no limit.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

EPSILON = 1e-8


def gradient_ratio_weight(loss: Tensor, reference: Tensor, parameters: Iterable[nn.Parameter], ratio: float) -> Tensor:
    """λ, a scalar. Both losses keep their graphs, no `.grad` is touched, and hooks on the parameters don't run.

    Args:
        loss: the scalar to be weighted.
        reference: the scalar whose gradient sets the measure.
        parameters: the shared ones, whole rather than sharded; a loss need not reach them all.
        ratio: of the weighted loss's gradient norm to the reference's.
    """
    parameters = list(parameters)
    return ratio * _gradient_norm(reference, parameters) / (_gradient_norm(loss, parameters) + EPSILON)


def _gradient_norm(loss: Tensor, parameters: list[nn.Parameter]) -> Tensor:
    gradients = torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)
    return nn.utils.get_total_norm(gradients)
