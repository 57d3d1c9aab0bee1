"""What a bottleneck is to the rest: what it makes of the encoder's features, and what it gives the decoder.

What a bottleneck makes is called a posterior, whatever it is: a mean and what is drawn around it, a latent without
noise, or codes. `mean` and `std` are all that is kept of a clip's latent, for generators and measurements (`Latents`);
a quantiser's mean are the values that its codes stand for, and its std is 0.
"""

import math
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from shared.bottlenecks.config import Draw

EULER_GAMMA = 0.5772156649015329
LOG_OF_NORMAL_SQUARED = -EULER_GAMMA - math.log(2)  # E ln n², n ~ N(0, 1)

class Posterior(Protocol):
    """q(z | x) of a batch. A NamedTuple, so that processes which share a batch find the tensors in it.

    Attributes:
        mean: the latent without its noise, `(batch, dim, frames)`.
        std: standard deviation of the noise, of `mean`'s shape; zeros where there is none.
    """

    @property
    def mean(self) -> Tensor: ...

    @property
    def std(self) -> Tensor: ...

    def sample(self) -> Tensor:
        """z, `(batch, dim, frames)`, from torch's global generator; `mean` itself of what has no noise."""

    def penalty(self) -> Tensor:
        """What training keeps small, of each latent frame, `(batch, frames)`; the recipe's `kl.weight` weighs it."""

    def kl(self) -> Tensor:
        """Nats that a latent frame holds, `(batch, frames)`: KL(q || prior); infinite where that has no bound.

        Of a quantiser whose codes are all as likely, the logarithm of their number.
        """


class GaussianPosterior(NamedTuple):
    """Mean and standard deviation of q(z | x), each `(batch, dim, frames)`."""

    mean: Tensor
    std: Tensor

    def sample(self) -> Tensor:
        """z = mean + std · ε, ε ~ N(0, 1) from torch's global generator; `(batch, dim, frames)`."""
        return self.mean + self.std * torch.randn_like(self.mean)

    def kl(self) -> Tensor:
        """KL(q || N(0, 1)) in nats of each latent frame, `(batch, frames)`: ½ Σ_c (μ² + σ² − 1 − ln σ²)."""
        return 0.5 * (self.mean.square() + self.std.square() - 1 - 2 * self.std.log()).sum(dim=1)

    def penalty(self) -> Tensor:
        """What training keeps small, of each latent frame: the KL, `(batch, frames)`."""
        return self.kl()


class SigmaPosterior(NamedTuple):
    """Mean of the latent and root mean square of σ, each `(batch, dim, frames)`; and how σ is drawn."""

    mean: Tensor
    std: Tensor
    draw: Draw

    def sample(self) -> Tensor:
        """z, `(batch, dim, frames)`: another σ each time, from torch's global generator."""
        scale = noise_scale(self.draw, len(self.mean)).to(self.mean.device)
        return self.mean + scale * self.std * torch.randn_like(self.mean)

    def penalty(self) -> Tensor:
        """Mean over channels of μ² in each latent frame, `(batch, frames)`, as in the released code; the paper sums.

        It is no KL. But `dim / 2` times it is all of `kl` that depends on the encoder: weight w here pulls as a
        Gaussian bottleneck's weight 2 w / dim does.
        """
        return self.mean.square().mean(dim=1)

    def kl(self) -> Tensor:
        """KL(N(μ, σ²) || N(0, 1)) in nats of each latent frame, its expectation over σ; `(batch, frames)`.

        ½ Σ_c (μ² + E σ² − 1 − E ln σ²). It is what a latent holds for a listener who knows σ, and infinite without
        noise.
        """
        log_variance = 2 * self.std.log() + (LOG_OF_NORMAL_SQUARED if self.draw == "normal" else 0.0)
        return 0.5 * (self.mean.square() + self.std.square() - 1 - log_variance).sum(dim=1)


class Bottleneck(nn.Module):
    """Base of the bottlenecks.

    Attributes:
        dim: channels of a latent frame.
        in_channels: of the encoder's features.
        draw: what an example's noise is scaled by when it is drawn.
        penalised: what the posterior's `penalty` is, as the log calls it.
    """

    dim: int
    in_channels: int
    draw: Draw = "fixed"
    penalised: str = "penalty"

    def forward(self, features: Tensor) -> Posterior:
        """`(batch, in_channels, frames)` → posterior, in float32 whatever the features' precision."""
        raise NotImplementedError

    def restore(self, latents: Tensor, noise: bool = True) -> Tensor:
        """The decoder's input of latents `(batch, dim, frames)`, which may be generated.

        It is the latents as they are, unless a bottleneck has to bring them back to the decoder's scale or to its
        codes; without `noise`, it adds none.
        """
        return latents


def noise_scale(draw: Draw, examples: int, generator: torch.Generator | None = None) -> Tensor:
    """What the std of each example's noise is multiplied by, `(examples, 1, 1)` on the CPU.

    Ones, or draws from N(0, 1): from `generator`, or torch's global one.
    """
    return torch.randn(examples, 1, 1, generator=generator) if draw == "normal" else torch.ones(examples, 1, 1)


def draw_clip(mean: Tensor, std: Tensor, draw: Draw, generator: torch.Generator | None = None) -> Tensor:
    """A draw from the posterior of one clip, `(frames, dim)` as are its mean and std.

    The noise is drawn on the CPU, from `generator` or torch's global one, and so is the same on every device.
    """
    scale = noise_scale(draw, 1, generator)[0].to(mean.device)
    return mean + scale * std * torch.randn(mean.shape, generator=generator).to(mean.device)
