"""The stages of an autoencoder's training, step by step; see `shared.training.stages_config`."""

from bisect import bisect_right
from collections.abc import Collection
from itertools import accumulate
from typing import get_args

from shared.autoencoders.base import Autoencoder
from shared.config import ConfigError
from shared.training.recipes import AutoencoderRecipe
from shared.training.stages_config import ADVERSARIAL, ModuleName, StageConfig

MODULES: tuple[ModuleName, ...] = get_args(ModuleName)


class Stages:
    """A recipe's stages in order; of a recipe without any, what it does all the same.

    Steps count from 0, over all stages.
    """

    def __init__(self, recipe: AutoencoderRecipe):
        self.training = recipe.training
        self.stages = recipe.stages or implied_stages(recipe)
        self.starts = [0, *accumulate(stage.steps for stage in self.stages)][:-1]

    def at(self, step: int) -> StageConfig:
        """The stage that `step` belongs to."""
        return self.stages[self._number(step)]

    def learning_rate(self, step: int) -> float:
        """Of `step`: by the stage's own schedule from its first step on, or by the training's."""
        number = self._number(step)
        stage = self.stages[number]
        if stage.learning_rate:
            return stage.learning_rate.at(step - self.starts[number], stage.steps)
        return self.training.learning_rate.at(step, self.training.steps)

    def kept_off(self, step: int) -> frozenset[str]:
        """The losses whose gradient ends at the latent in `step`."""
        return frozenset(self.at(step).kept_off_encoder)

    @property
    def freeze_some(self) -> bool:
        """Whether a module is frozen in some stage."""
        return any(len(set(stage.train)) < len(MODULES) for stage in self.stages)

    @property
    def split_gradients(self) -> bool:
        """Whether some stage keeps a loss of the decoder's output off the encoder."""
        return any(stage.splits_gradient for stage in self.stages)

    def check(self, autoencoder: Autoencoder) -> None:
        """Raises ConfigError where all that a stage trains is without parameters."""
        for number, stage in enumerate(self.stages):
            if not any(True for name in stage.train for _ in getattr(autoencoder, name).parameters()):
                raise ConfigError(
                    f"stages.{number}.train: {', '.join(stage.train)} has no parameters; name another of "
                    f"{', '.join(MODULES)}"
                )

    def _number(self, step: int) -> int:
        return bisect_right(self.starts, step) - 1


def implied_stages(recipe: AutoencoderRecipe) -> tuple[StageConfig, ...]:
    """All modules train by all losses, the adversarial ones from their start on."""
    total, losses = recipe.training.steps, ("reconstruction", "kl", *(("alignment",) if recipe.alignment else ()))
    losses += tuple(recipe.shaping)
    if recipe.adversary is None:
        return (StageConfig(steps=total, losses=losses),)
    start = recipe.adversary.start or 0
    whole = StageConfig(steps=max(1, total - start), losses=(*losses, *ADVERSARIAL))
    return (StageConfig(steps=start, losses=losses), whole) if start else (whole,)


def train_only(autoencoder: Autoencoder, names: Collection[ModuleName]) -> None:
    """Let the modules of these names train, and freeze the others: no gradients, and eval mode."""
    for name in MODULES:
        getattr(autoencoder, name).requires_grad_(name in names).train(name in names)
