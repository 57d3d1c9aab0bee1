"""What can be set about training: steps and schedules, and the whole recipes. Imports no torch."""

import math
from typing import Literal

from pydantic import Field, model_validator

from shared.autoencoders.config import AutoencoderConfig
from shared.config import Strict
from shared.discriminators.config import DiscriminatorConfig
from shared.generators.config import FlowMatchingConfig, GeneratorConfig, RepaConfig
from shared.losses.config import (
    AdversarialKind,
    AlignmentConfig,
    GradientRatio,
    KlConfig,
    ReconstructionConfig,
    Reduction,
)


class ScheduleConfig(Strict):
    """Linear warm-up to `peak`, then a decay to `final` at the last step."""

    peak: float = Field(gt=0)
    final: float = Field(ge=0)
    warmup: int = Field(0, ge=0, description="steps")
    decay: Literal["linear", "cosine", "exponential"] = "linear"

    @model_validator(mode="after")
    def _decays(self):
        if self.final > self.peak:
            raise ValueError("final learning rate is above the peak")
        if self.decay == "exponential" and not self.final:
            raise ValueError("an exponential decay never comes to 0; give a final above it")
        return self

    def at(self, step: int, total: int) -> float:
        """Learning rate of 0-based `step` out of `total`."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        progress = min(1.0, (step - self.warmup) / max(1, total - 1 - self.warmup))
        if self.decay == "exponential":
            return self.peak * (self.final / self.peak) ** progress
        if self.decay == "cosine":
            progress = 0.5 - 0.5 * math.cos(math.pi * progress)
        return self.peak + (self.final - self.peak) * progress


class TrainingConfig(Strict):
    """What every training has."""

    steps: int = Field(gt=0)
    batch: int = Field(gt=0, description="examples a step, over all processes together")
    accumulation: int = Field(
        1, gt=0, description="micro-batches that the batch is split into; a multiple of the number of processes"
    )
    learning_rate: ScheduleConfig
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = Field(0.0, ge=0)
    gradient_clip: float | None = Field(None, gt=0, description="greatest norm of the gradient")
    ema: float = Field(0.0, ge=0, lt=1, description="decay of the averaged weights that are kept; 0: the last ones")
    precision: Literal["no", "bf16", "auto"] = Field(
        "no", description="autocast: none, bfloat16, or bfloat16 where the hardware is quicker in it"
    )
    recompute_activations: bool = Field(
        False, description="keep only each block's input for the backward pass: less memory, a third more time"
    )
    compile: bool = Field(
        False, description="compile each block (torch.compile): quicker steps after a minute or more of compilation"
    )
    sharded: bool = Field(
        False,
        description="with several processes, each holds a share of weights and optimiser state (FSDP), not a replica",
    )
    checkpoint_every: int = Field(500, gt=0, description="steps")

    @model_validator(mode="after")
    def _micro_batches_are_even(self):
        if self.batch % self.accumulation:
            raise ValueError(f"batch {self.batch} can't be split into {self.accumulation} (accumulation) equal parts")
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
    start: int = Field(ge=0, description="warm-up: steps before the discriminators and their terms are used")


class AutoencoderRecipe(AutoencoderConfig):
    """An autoencoder and how it is trained."""

    reconstruction: ReconstructionConfig
    kl: KlConfig
    alignment: AlignmentConfig | None = Field(None, description="of the latent to a frozen speech encoder")
    adversary: AdversaryConfig | None
    crop_seconds: float = Field(gt=0)
    training: TrainingConfig

    @model_validator(mode="after")
    def _adversary_gets_its_turn(self):
        if self.adversary and self.adversary.start >= self.training.steps:
            raise ValueError("adversary.start lies past training.steps: it would never be used; set adversary: null")
        return self

    @model_validator(mode="after")
    def _target_is_of_a_learned_rate(self):
        if self.kl.target and self.bottleneck.kind == "sigma":
            raise ValueError("kl.target is a rate that a gaussian bottleneck learns; a sigma bottleneck has none")
        return self

    @model_validator(mode="after")
    def _gradient_ratio_has_its_gradients(self):
        if self.alignment and isinstance(self.alignment.weight, GradientRatio):
            if not self.reconstruction.mel:
                raise ValueError("alignment.weight.gradient_ratio is of the mel term, and reconstruction.mel is empty")
            if self.training.sharded:
                raise ValueError(
                    "alignment.weight.gradient_ratio needs the encoder's gradients whole; set training.sharded: false"
                )
        return self


class GeneratorRecipe(GeneratorConfig):
    """A generator and how it is trained."""

    flow: FlowMatchingConfig
    latent_scale: float | Literal["std"] = Field(
        description="latents are divided by it: a number (LongCat: 0.71), or the latents' own standard deviation"
    )
    utterances: int = Field(1, ge=1, description="utterances of one speaker joined into an example, as prompt + target")
    repa: RepaConfig | None = None
    training: TrainingConfig

    @model_validator(mode="after")
    def _repa_layer_exists(self):
        if self.repa and self.repa.layer > self.architecture.depth:
            raise ValueError(f"repa.layer {self.repa.layer} is past the last of {self.architecture.depth} blocks")
        return self
