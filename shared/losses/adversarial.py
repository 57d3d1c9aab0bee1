"""Adversarial and feature-matching losses over a discriminator's several scales."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from shared.losses.config import AdversarialKind, Reduction


def _reduce(terms: list[Tensor], reduction: Reduction) -> Tensor:
    return getattr(torch.stack(terms), reduction)()


class AdversarialLoss:
    """Losses on logits D(y) of real and D(x) of generated audio: mean within a scale, then mean or sum over scales.

    Each scale weighs the same, whatever its size. DAC and Semantic-VAE give their weights for the sum.

    least_squares (Mao et al. 2017, eq. 9):
        discriminator `(1 - D(y))^2 + D(x)^2`, generator `(1 - D(x))^2`
    hinge (Lim and Ye 2017, "Geometric GAN"):
        discriminator `max(0, 1 - D(y)) + max(0, 1 + D(x))`, generator `-D(x)`
    relativistic (Jolicoeur-Martineau 2018, RSGAN; SAME pairs y with its own reconstruction x):
        discriminator `softplus(D(x) - D(y))`, generator `softplus(D(y) - D(x))`
    """

    def __init__(self, kind: AdversarialKind = "hinge", reduction: Reduction = "mean"):
        self.kind, self.reduction = kind, reduction

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """Logits of any shape, a tensor a scale -> scalar; `fake` is of detached generated audio."""
        if self.kind == "relativistic":
            return self._over_scales(lambda y, x: F.softplus(x - y), real, fake)
        if self.kind == "least_squares":
            return self._over_scales(lambda y, x: (1 - y).square().mean() + x.square().mean(), real, fake)
        return self._over_scales(lambda y, x: F.relu(1 - y).mean() + F.relu(1 + x).mean(), real, fake)

    def generator(self, fake: Sequence[Tensor], real: Sequence[Tensor] | None = None) -> Tensor:
        """Logits of generated audio -> scalar; relativistic, those of real audio are needed as well.

        Raises:
            ValueError: relativistic, and there are no logits of real audio.
        """
        if self.kind == "relativistic":
            if real is None:
                raise ValueError("the relativistic loss of the generator needs the logits of real audio; give `real`")
            return self._over_scales(lambda x, y: F.softplus(y - x), fake, real)
        if self.kind == "least_squares":
            return self._over_scales(lambda x: (1 - x).square(), fake)
        return self._over_scales(lambda x: -x, fake)

    def _over_scales(self, term: Callable[..., Tensor], *scales: Sequence[Tensor]) -> Tensor:
        return _reduce([term(*logits).mean() for logits in zip(*scales, strict=True)], self.reduction)


class FeatureMatchingLoss:
    """`mean_k mean_l mean |D_kl(y) - D_kl(x)|` over scales k and layers l: L1 distance of features.

    The form of HiFi-GAN (Kong et al. 2020, eq. 4) with means in place of sums over k and l, as in stable-audio-tools;
    `reduction` "sum" is HiFi-GAN's own, and DAC's.
    """

    def __init__(self, reduction: Reduction = "mean"):
        self.reduction = reduction

    def __call__(self, real: Sequence[Sequence[Tensor]], fake: Sequence[Sequence[Tensor]]) -> Tensor:
        """Features of real and generated audio, a list a scale of a tensor a layer -> scalar.

        Real features are targets: no gradient flows into them.
        """
        return _reduce([self._scale(y, x) for y, x in zip(real, fake, strict=True)], self.reduction)

    def _scale(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        return _reduce([F.l1_loss(x, y.detach()) for y, x in zip(real, fake, strict=True)], self.reduction)
