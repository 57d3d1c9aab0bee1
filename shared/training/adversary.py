"""The discriminators that an autoencoder is trained against, made part of a training."""

import torch
from accelerate import Accelerator
from torch import Tensor

from shared.discriminators.combined import CombinedDiscriminator
from shared.losses.adversarial import AdversarialLoss, FeatureMatchingLoss
from shared.training.recipes import AdversaryConfig


class Adversary:
    """All of a recipe's discriminators, and the losses of both sides.

    Attributes:
        discriminator: whose weights train.
        critic: the same, as the accelerator prepared it.
        weights: of `terms`, by name.
    """

    def __init__(self, config: AdversaryConfig, sample_rate: int, accelerator: Accelerator):
        self.discriminator = CombinedDiscriminator(config.discriminators, sample_rate, config.normalize)
        self.critic = accelerator.prepare(self.discriminator)
        self.loss = AdversarialLoss(config.kind, config.reduction)
        self.feature_matching = FeatureMatchingLoss(config.reduction)
        self.weights = {"adversarial": config.weight, "features": config.feature_weight}

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        """The discriminators' loss, a scalar; `fake` is detached."""
        # One pass over both: a process group's hooks allow for one forward before each backward.
        logits, _ = self.critic(torch.cat([real, fake]))
        real_logits, fake_logits = zip(*(scale.chunk(2) for scale in logits), strict=True)
        return self.loss.discriminator(real_logits, fake_logits)

    def terms(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """The autoencoder's losses, scalars by name."""
        # The discriminator's own gradients are not wanted here, and not computing them saves a third of its cost.
        self.discriminator.requires_grad_(False)
        with torch.no_grad():
            logits_real, features_real = self.discriminator(real)
        logits, features = self.discriminator(fake)
        self.discriminator.requires_grad_(True)
        return {
            "adversarial": self.loss.generator(logits, logits_real),
            "features": self.feature_matching(features_real, features),
        }
