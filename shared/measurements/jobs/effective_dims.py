"""How many dimensions a latent uses, and what is left of it in fewer (RAVE, arXiv 2111.05011, 3.2, app. A and D).

    Z' = Z − mean(Z) = U Σ Vᵀ,  r_f = least r with  Σ_{i ≤ r} Σ_ii  ≥  f Σ_i Σ_ii

Z are posterior means, a row a frame. A dimension that has collapsed to the prior has a constant mean and adds nothing.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from shared.bottlenecks.base import GaussianPosterior

FIDELITIES = (0.80, 0.90, 0.95, 0.99)  # f of RAVE's figure 8, and of what its code logs
ACTIVE_NATS = 0.1  # RAVE, appendix D
Rule = Literal["singular_values", "explained_variance", "released_code"]
RULES: tuple[Rule, ...] = ("singular_values", "explained_variance", "released_code")


@dataclass(frozen=True)
class PrincipalAxes:
    """The directions in which posterior means vary, most varied first; all in float64.

    Attributes:
        mean: of the posterior means, `(dim,)`.
        axes: rows of Vᵀ, `(dim, dim)`.
        singular_values: diagonal of Σ, `(dim,)`.
    """

    mean: Tensor
    axes: Tensor
    singular_values: Tensor


def principal_axes(means: Tensor) -> PrincipalAxes:
    """Of the posterior means `(frames, dim)` of all clips, one after the other."""
    means = means.double()
    centre = means.mean(dim=0)
    # Rows of zeros change nothing but give as many axes as dimensions where there are fewer frames.
    padded = F.pad(means - centre, (0, 0, 0, max(0, means.shape[1] - means.shape[0])))
    _, singular_values, axes = torch.linalg.svd(padded, full_matrices=False)
    return PrincipalAxes(centre, axes, singular_values)


def effective_dims(singular_values: Tensor, fidelity: float, rule: Rule = "singular_values") -> int:
    """r_f at a fidelity f between 0 and 1, of `(dim,)`; 0 if nothing varies.

    singular_values: the paper's, as above.
    explained_variance: with the squares of Σ_ii in their place, which is fewer.
    released_code: the zero-based index of the first dimension with which those exceed f, so one less again.
    """
    return int(count_effective_dims(singular_values, fidelity, rule))


def count_effective_dims(singular_values: Tensor, fidelity: float, rule: Rule = "singular_values") -> Tensor:
    """`effective_dims` of many latents at once, `(..., dim)` -> `(...)`."""
    spread = singular_values if rule == "singular_values" else singular_values.square()
    total = spread.cumsum(-1)
    share = total / total[..., -1:]
    below = share <= fidelity if rule == "released_code" else share < fidelity
    return torch.where(total[..., -1] > 0, below.sum(-1) + (rule != "released_code"), 0)


def channel_kl(mean: Tensor, std: Tensor) -> Tensor:
    """KL to the prior of each channel in nats a frame, `(dim,)`: mean over the frames of `(frames, dim)` both."""
    # As many latents of one channel.
    return GaussianPosterior(mean.double().unsqueeze(1), std.double().unsqueeze(1)).kl().mean(dim=0)


def active_dims(kl: Tensor, threshold: float = ACTIVE_NATS) -> int:
    """How many channels of `(dim,)` hold more than the threshold."""
    return int((kl > threshold).sum())


def truncate(
    latents: Tensor,
    axes: PrincipalAxes,
    kept: int,
    generator: torch.Generator | None = None,
    about_mean: bool = False,
) -> Tensor:
    """`V [first `kept` rows of Vᵀ z; ε]`, ε ~ N(0, 1): what the decoder gets when only `kept` dimensions are known.

    Args:
        latents: z, `(batch, dim, frames)`; the result has the same shape.
        axes: of the posterior means that were analysed.
        kept: from 0 (nothing but noise) to dim (z itself).
        generator: of ε; none: torch's global one. A dimension's noise is the same whatever is kept.
        about_mean: rotate about the mean of the posterior means, as RAVE's released code does, not about 0.

    Raises:
        ValueError: `kept` is not from 0 to dim.
    """
    dim = latents.shape[1]
    if not 0 <= kept <= dim:
        raise ValueError(f"kept: {kept} of {dim} dimensions")
    rotation = axes.axes.to(latents)
    centre = axes.mean.to(latents)[:, None] * about_mean
    rotated = rotation @ (latents - centre)
    noise = torch.randn(latents.shape, generator=generator, dtype=latents.dtype, device=latents.device)
    return rotation.T @ torch.cat([rotated[:, :kept], noise[:, kept:]], dim=1) + centre
