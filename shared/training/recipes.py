"""The recipes of an autoencoder and of a generator: the model and how it is trained. Imports no torch."""

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveFloat, model_validator

from shared.autoencoders.config import AutoencoderConfig
from shared.config import Strict, did_you_mean
from shared.discriminators.config import DiscriminatorConfig
from shared.kinds import Kind, by_key
from shared.losses.config import (
    AdversarialKind,
    AlignmentConfig,
    GradientRatio,
    KlConfig,
    ReconstructionConfig,
    Reduction,
    ShapingLossConfig,
)
from shared.training.config import TrainingConfig
from shared.training.stages_config import DECODED, OF_LATENT, StageConfig


class RecipeTraining(TrainingConfig):
    """What the training of an autoencoder or a generator has besides."""

    optimizer: Literal["adamw", "muon"] = Field(
        "adamw",
        description="muon: orthogonalised momentum for the matrices of linear layers, AdamW for the rest; few steps "
        "go further with it",
    )

    @model_validator(mode="after")
    def _muon_has_its_matrices_whole(self):
        if self.optimizer == "muon" and self.sharded:
            raise ValueError("optimizer muon needs each matrix whole; set sharded: false, or optimizer: adamw")
        return self


class AdversaryConfig(Strict):
    """The discriminators and the terms they add."""

    discriminators: tuple[DiscriminatorConfig, ...] = Field(min_length=1)
    normalize: bool = Field(False, description="they hear waveforms without mean and with a peak of 0.8, as in DAC")
    kind: AdversarialKind = "hinge"
    reduction: Reduction = Field(
        "mean", description="of the terms over scales and their layers; DAC's and Semantic-VAE's weights are for sums"
    )
    weight: float = Field(0.1, ge=0)
    feature_weight: float = Field(5.0, ge=0)
    start: int | None = Field(
        None, ge=0, description="warm-up: steps before the discriminators and their terms are used; none: stages say it"
    )


KEPT = "snapshots.safetensors"  # all snapshots of a training, beside its model


class SnapshotConfig(Strict):
    """What the encoder makes of validation clips through the training; see `shared.training.snapshots`."""

    every: int = Field(gt=0, description="steps")
    clips: int | None = Field(None, gt=0, description="the first so many of the validation split; none: all")


class AutoencoderRecipe(AutoencoderConfig):
    """An autoencoder and how it is trained."""

    reconstruction: ReconstructionConfig
    kl: KlConfig
    alignment: AlignmentConfig | None = Field(None, description="of the latent to a frozen speech encoder")
    adversary: AdversaryConfig | None
    crop_seconds: float = Field(gt=0)
    training: RecipeTraining
    stages: tuple[StageConfig, ...] = Field(
        (), description="none: all modules train by all losses, from adversary.start on"
    )
    snapshots: SnapshotConfig | None = None
    shaping: Annotated[dict[str, ShapingLossConfig], *by_key(ShapingLossConfig)] = Field(
        default_factory=dict,
        description="models that shape the latent while it is learned, as in SAME; each is a kind named by its key",
    )

    @property
    def reads_texts(self) -> bool:
        """Whether training needs the clips' texts."""
        return any(loss.reads_texts for loss in self.shaping.values())

    @model_validator(mode="after")
    def _adversary_gets_its_turn(self):
        if self.adversary is None:
            return self
        start = self.adversary.start
        if self.stages and start is not None:
            raise ValueError("adversary.start and stages both say when the adversary starts; drop adversary.start")
        if self.stages and not any(stage.adversarial for stage in self.stages):
            raise ValueError("no stage has adversarial or features among its losses; set adversary: null")
        if not self.stages and start is None:
            raise ValueError("adversary.start is missing: a recipe without stages needs it")
        if start is not None and start >= self.training.steps:
            raise ValueError("adversary.start lies past training.steps: it would never be used; set adversary: null")
        return self

    @model_validator(mode="after")
    def _stages_are_of_this_recipe(self):
        if not self.stages:
            return self
        if (steps := sum(stage.steps for stage in self.stages)) != self.training.steps:
            raise ValueError(f"the steps of the stages add up to {steps}, and training.steps is {self.training.steps}")
        for number, stage in enumerate(self.stages):
            if stage.adversarial and self.adversary is None:
                raise ValueError(f"stages.{number}.losses names the adversary's, and adversary is null")
            if "alignment" in stage.losses and self.alignment is None:
                raise ValueError(f"stages.{number}.losses names alignment, and the recipe has none")
        if self.alignment and not any("alignment" in stage.losses for stage in self.stages):
            raise ValueError("no stage has alignment among its losses; set alignment: null")
        return self

    @model_validator(mode="after")
    def _stages_shape_with_what_there_is(self):
        for number, stage in enumerate(self.stages):
            if missing := [name for name in stage.shaping if name not in self.shaping]:
                hint = did_you_mean(missing[0], {*DECODED, *OF_LATENT, *self.shaping})
                raise ValueError(
                    f"stages.{number}.losses names {missing[0]}, and the recipe has no shaping.{missing[0]}{hint}"
                )
        if taken := sorted({*DECODED, *OF_LATENT}.intersection(self.shaping)):
            raise ValueError(f"shaping.{taken[0]}: there is a loss of this name already; give another, and the kind")
        for name, part in self.shaping.items():
            if self.stages and not any(name in stage.losses for stage in self.stages):
                raise ValueError(f"no stage has {name} among its losses; drop shaping.{name}")
            if part.detach_steps >= self._last_step_of_encoder(name):
                raise ValueError(
                    f"shaping.{name}.detach_steps {part.detach_steps} lies past the last step that has {name} on: the "
                    "encoder would never learn from it; set fewer, or name it in a stage's kept_off_encoder"
                )
        return self

    def _last_step_of_encoder(self, name: str) -> float:
        """Steps until the last one in which `name` may reach the encoder; infinite where no stage wants it to."""
        ends = accumulate(stage.steps for stage in self.stages)
        reaching = [
            end
            for end, stage in zip(ends, self.stages, strict=True)
            if name in stage.losses and name not in stage.kept_off_encoder
        ]
        if self.stages and not reaching:
            return math.inf
        return max(reaching, default=self.training.steps)

    @model_validator(mode="after")
    def _shaping_has_what_it_looks_at(self):
        examples = self.training.batch // self.training.accumulation
        for name, loss in self.shaping.items():
            loss.check(name, self.architecture.audio_channels, examples)
        return self

    @model_validator(mode="after")
    def _target_is_of_a_learned_rate(self):
        if self.kl.target and not self.bottleneck.learns_scale:
            kind = self.bottleneck.kind
            raise ValueError(f"kl.target is a rate that a gaussian bottleneck learns; a {kind} bottleneck has none")
        return self

    @model_validator(mode="after")
    def _reconstruction_is_of_what_is_made(self):
        if self.architecture.makes_magnitudes and not self.reconstruction.magnitude:
            raise ValueError("reconstruction.magnitude is missing: the decoder makes magnitudes and no waveform")
        if self.reconstruction.magnitude and not self.architecture.makes_magnitudes:
            raise ValueError("reconstruction.magnitude is of a decoder that makes magnitudes, and this one does not")
        return self

    @model_validator(mode="after")
    def _gradient_ratio_has_its_gradients(self):
        if self.alignment and isinstance(self.alignment.weight, GradientRatio):
            if not (self.reconstruction.mel or self.reconstruction.magnitude):
                raise ValueError("alignment.weight.gradient_ratio is of the mel term, and reconstruction.mel is empty")
            if self.training.sharded:
                raise ValueError(
                    "alignment.weight.gradient_ratio needs the encoder's gradients whole; set training.sharded: false"
                )
            for number, stage in enumerate(self.stages):
                if "alignment" in stage.losses and "alignment" not in stage.weights and not stage.compares_gradients:
                    raise ValueError(
                        f"stages.{number}: alignment.weight.gradient_ratio compares gradients at the encoder, which "
                        "has to train, with reconstruction on and no loss kept off it; or give weights.alignment"
                    )
        return self

    @model_validator(mode="after")
    def _snapshots_have_a_whole_encoder(self):
        if self.snapshots and self.training.sharded:
            raise ValueError("snapshots are encoded by one process; set training.sharded: false")
        if self.snapshots and self.snapshots.every > self.training.steps:
            every, steps = self.snapshots.every, self.training.steps
            raise ValueError(f"snapshots.every is {every} and training.steps {steps}: there would be none")
        return self


if TYPE_CHECKING:  # every recipe is its generator's config as well
    from shared.generators.config import GeneratorConfig as RecipeBase
else:
    RecipeBase = Kind


class GeneratorRecipe(RecipeBase):
    """A generator and how it is trained: a kind for each of `GeneratorConfig`'s, and that one's config as well.

    Its module has `build(recipe, generator, examples)`: a `shared.training.objectives.Objective`.
    """

    PACKAGE: ClassVar[str] = "shared.training"

    kind: str
    latent_scale: PositiveFloat | Literal["std"] = Field(
        description="latents are divided by it: a number (LongCat: 0.71), or the latents' own standard deviation"
    )
    utterances: int = Field(1, ge=1, description="utterances of one speaker joined into an example, as prompt + target")
    training: RecipeTraining

    @property
    def teacher(self) -> str | None:
        """Speech encoder whose features of the training clips its objective looks to; None: it needs none."""
        return None
