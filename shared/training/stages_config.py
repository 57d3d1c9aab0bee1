"""What can be set about the stages of an autoencoder's training. Imports no torch.

RAVE (arXiv 2111.05011) trains a VAE, then the decoder alone against an adversary; Stable Audio Open trains all with an
adversary, then the decoder alone; SAME ends with two stages of the decoder alone. Each is a list of stages.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from shared.config import Strict
from shared.training.schedule import ScheduleConfig

ModuleName = Literal["encoder", "bottleneck", "decoder"]
ADVERSARIAL = ("adversarial", "features")
DECODED = ("reconstruction", *ADVERSARIAL)  # losses of what the decoder makes
OF_LATENT = ("kl", "alignment")
# Any further name is that of one of the recipe's `shaping`.


def in_order(names: Iterable[str]) -> list[str]:
    """Names of shaping losses in the order in which they are made and summed: these three, then others by name."""
    first = ("generative_probe", "semantic", "contrastive")  # as they came, so that what is drawn for each stays
    return sorted(names, key=lambda name: (first.index(name) if name in first else len(first), name))


class StageConfig(Strict):
    """Steps in which the same modules train by the same losses.

    A module that does not train is frozen: no gradients, no change of its weights, buffers (BatchNorm's statistics) or
    optimiser state, and in eval mode.
    """

    steps: PositiveInt
    train: tuple[ModuleName, ...] = Field(("encoder", "bottleneck", "decoder"), min_length=1)
    losses: tuple[str, ...] = Field(
        min_length=1, description="those that are on; the discriminators train where one of theirs is"
    )
    weights: dict[str, PositiveFloat] = Field(
        default_factory=dict, description="in place of the recipe's; of reconstruction, a factor of the whole term"
    )
    kept_off_encoder: tuple[str, ...] = Field(
        (), description="losses whose gradient ends at the latent, and reaches neither encoder nor bottleneck"
    )
    latent: Literal["sample", "mean"] = Field("sample", description="what is decoded of the posterior")
    learning_rate: ScheduleConfig | None = Field(
        None, description="over the steps of this stage; none: training.learning_rate, which is over all steps"
    )

    @property
    def encodes(self) -> bool:
        """Whether anything before the latent trains."""
        return not {"encoder", "bottleneck"}.isdisjoint(self.train)

    @property
    def adversarial(self) -> bool:
        """Whether the discriminators are used, and train."""
        return not set(ADVERSARIAL).isdisjoint(self.losses)

    @property
    def shaping(self) -> tuple[str, ...]:
        """The losses that are on of the models that shape the latent, which train where theirs is."""
        return tuple(name for name in in_order(self.losses) if name not in (*DECODED, *OF_LATENT))

    @property
    def splits_gradient(self) -> bool:
        """Whether some loss of the decoder's output is kept off the encoder."""
        return not set(DECODED).isdisjoint(self.kept_off_encoder)

    @property
    def compares_gradients(self) -> bool:
        """Whether the gradients of alignment and reconstruction can be compared at the encoder."""
        return "encoder" in self.train and "reconstruction" in self.losses and not self.kept_off_encoder

    @model_validator(mode="after")
    def _names_losses_that_are_on(self):
        for field in ("weights", "kept_off_encoder"):
            if off := set(getattr(self, field)) - set(self.losses):
                raise ValueError(f"{field} names {min(off)}, which is not among the stage's losses")
        if "kl" in self.kept_off_encoder:
            raise ValueError("kept_off_encoder names kl, which is of the encoder alone; leave it out of losses instead")
        return self

    @model_validator(mode="after")
    def _losses_have_something_to_train(self):
        if self.encodes:
            return self
        if idle := {*OF_LATENT, *self.shaping}.intersection(self.losses):
            raise ValueError(f"losses: {min(idle)} has nothing to change where encoder and bottleneck are frozen")
        if self.kept_off_encoder:
            raise ValueError("kept_off_encoder: nothing reaches an encoder that is frozen; leave it out")
        return self

    @model_validator(mode="after")
    def _modules_have_losses(self):
        if "decoder" in self.train and set(DECODED).isdisjoint(self.losses):
            raise ValueError(
                f"train names the decoder, and no loss reaches it (of {', '.join(self.losses)}); add one of "
                f"{', '.join(DECODED)}"
            )
        if self.encodes and set(self.losses) <= set(self.kept_off_encoder):
            raise ValueError("every loss is kept off the encoder, and it is to train; set train: [decoder]")
        return self
