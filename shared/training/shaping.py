"""The models that shape a latent while it is learned (SAME, arXiv 2605.18613), made part of a training.

They see the latent that is decoded, before a bottleneck puts noise into the decoder's input: of a VAE the sample, of a
soft-norm bottleneck the latent itself.

In the released code, the generative probe's parameters are in the autoencoder's optimiser and in the discriminators'
too, of which one steps at a time. Here all step each time, and these have an optimiser of their own, `shaping`, of the
same settings.
AdamW treats each parameter by itself, and the norm that gradients are clipped to is not shared with the autoencoder. So
until their `detach_steps` are over, they change nothing about it.
"""

import sys
from collections.abc import Collection

from accelerate import Accelerator
from torch import Tensor, nn

from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Split
from shared.losses.shaping import ShapingLoss, ShapingSetup
from shared.training.models import prepare_model
from shared.training.recipes import AutoencoderRecipe
from shared.training.stages_config import in_order


class Shaping:
    """Those of the models that a recipe has.

    Args:
        recipe: with a `shaping`.
        setup: what they are built for.
        accelerator: what prepares them.

    Attributes:
        modules: the losses, by name; what weights they have train.
    """

    def __init__(self, recipe: AutoencoderRecipe, setup: ShapingSetup, accelerator: Accelerator):
        self.configs = {name: recipe.shaping[name] for name in in_order(recipe.shaping)}
        self.modules: dict[str, ShapingLoss] = {name: each.build(setup) for name, each in self.configs.items()}
        for loss in self.modules.values():
            if loss.remark and accelerator.is_main_process:
                print(loss.remark, file=sys.stderr)
        self.models = {
            name: prepare_model(module, accelerator, recipe.training) for name, module in self.modules.items()
        }

    @property
    def trains(self) -> bool:
        """Whether any of them has weights."""
        return any(True for module in self.modules.values() for _ in module.parameters())

    def models_of(self, losses: Collection[str]) -> list[nn.Module]:
        """The prepared models of these losses."""
        return [self.models[name] for name in losses]

    def __call__(self, name: str, latents: Tensor, audio: Tensor, texts: list[str] | None, index: int) -> Tensor:
        """The loss of that name, a scalar, at step `index`; for the rest see `ShapingLoss`."""
        if index < self.configs[name].detach_steps:
            latents = latents.detach()
        return self.models[name](latents, audio, texts)

    def follow(self, std: Tensor, losses: Collection[str]) -> None:
        """Tell these losses the `std` of a step's latents, the mean over its micro-batches and processes."""
        for name in losses:
            self.modules[name].follow(std)


def load_texts(corpora: list[Corpus], split: Split) -> list[str]:
    """Transcript or caption of each clip of one split of all corpora.

    Raises:
        ConfigError: a clip has none.
    """
    clips = [clip for corpus in corpora for clip in corpus.split(split)]
    if silent := [clip.id for clip in clips if not clip.text.strip()]:
        raise ConfigError(
            f"shaping: a loss reads texts, and {len(silent)} of {len(clips)} clips have no text, such as {silent[0]}; "
            "drop shaping.contrastive.text (audio alone is told apart), or take a corpus with captions"
        )
    return [clip.text for clip in clips]
