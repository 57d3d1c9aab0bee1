"""What one variant of a study needs at one scale: the config of the whole chain, and what fits together in it."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from shared.autoencoders.adapters.config import AdoptedRecipe
from shared.autoencoders.given import given_or
from shared.config import DISTINCT, MODEL, Seed, Strict
from shared.corpora.config import CorpusConfig
from shared.corpora.hub import HubConfig, find_layout
from shared.measurements.base import Side, find_measurement
from shared.metrics.base import channels_problem, chosen, find_metric, known_metric
from shared.metrics.config import KadConfig
from shared.sampling.config import SamplingConfig
from shared.training.evaluators.config import AsrRecipe, ClapRecipe, SpeakerRecipe
from shared.training.recipes import AutoencoderRecipe, GeneratorRecipe


class EvaluatorsConfig(Strict):
    """The models that metrics use: trained here (a config; `{}` is its defaults) or from the hub (an id).

    A path names one that lies here: a folder, or a file of it.
    """

    asr: Annotated[AsrRecipe | str | None, *MODEL] = None
    speaker: Annotated[SpeakerRecipe | str | None, *MODEL] = None
    clap: Annotated[ClapRecipe | str | None, *MODEL] = Field(
        default=None, description="a CLAP; KAD and FAD use it too"
    )
    utmos: Annotated[str | None, *MODEL] = Field(
        default=None, description="hub id, or its TorchScript file; None where the hub is out of reach"
    )
    muq_eval: Annotated[str | None, *MODEL] = Field(
        default=None, description="hub id of MuQ-Eval, or its folder, likewise; it needs its authors' code"
    )


def _known(side: Side) -> Callable[[str], str]:
    """A check of what is asked of a side: metrics, and measurements of the latents that it rests on."""

    def check(name: str) -> str:
        found = find_measurement(name)
        return name if found and found.side == side else known_metric(name)

    return check


class EvaluationConfig(Strict):
    """What is measured, and on how many test clips. Every variant gets the same clips, prompts and noise.

    A side of which nothing is measured is not made: without generation metrics no generator is trained.
    """

    clips: int = Field(gt=0)
    reconstruction: Annotated[tuple[Annotated[str, AfterValidator(_known("reconstruction"))], ...], DISTINCT] = Field(
        description="of reconstructed clips, and of autoencoders and their training: see shared/metrics, "
        "shared/measurements"
    )
    generation: Annotated[tuple[Annotated[str, AfterValidator(_known("generation"))], ...], DISTINCT] = Field(
        description="of generated clips, of ground truth, which is their ceiling, and of generators"
    )
    dnsmos_windows: int | None = Field(
        default=None, gt=0, description="most windows of 9.01 s that DNSMOS scores of a clip; none: all, as published"
    )
    kad: KadConfig = KadConfig()
    seed: Seed = 0
    split: Literal["validation", "test"] = Field(
        default="test", description="whose clips are evaluated; validation: `--config pilot=true`, to tune a recipe"
    )

    @property
    def asked(self) -> set[str]:
        """The metrics of clips, of either side."""
        return {*self.reconstructed, *self.generated}

    @property
    def reconstructed(self) -> tuple[str, ...]:
        """The metrics of reconstructed clips: all of reconstruction but what is measured of latents."""
        return tuple(name for name in self.reconstruction if not find_measurement(name))

    @property
    def generated(self) -> tuple[str, ...]:
        """The metrics of generated clips: all of generation but what is measured of latents."""
        return tuple(name for name in self.generation if not find_measurement(name))

    @property
    def ground_truth(self) -> tuple[str, ...]:
        """What is measured of the ground truth: generation's metrics, and what a set metric compares with."""
        needed = [each.name for each in chosen(self.reconstructed) if each.of_set and each.name not in self.generated]
        return (*self.generated, *needed)

    @model_validator(mode="after")
    def _measures_something(self):
        if not self.asked:
            raise ValueError("reconstruction and generation are both empty of metrics of clips: name one in either")
        return self


class VariantConfig(Strict):
    """Everything that one variant needs at one scale, seeds apart."""

    sample_rate: int = Field(gt=0)
    corpus: CorpusConfig
    autoencoder_corpora: tuple[CorpusConfig, ...] = Field(
        default=(), description="what the autoencoder trains on where that is not `corpus`"
    )
    autoencoder: Annotated[AutoencoderRecipe | AdoptedRecipe, given_or(AutoencoderRecipe)] = Field(
        description="how it is trained; or `pretrained`: one that is given (shared/autoencoders/adapters)"
    )
    generator: GeneratorRecipe
    sampling: SamplingConfig
    teacher: Annotated[AsrRecipe | str | None, *MODEL] = Field(
        default=None,
        description="speech encoder that autoencoder.alignment looks to: trained here, or a hub id or a folder",
    )
    evaluators: EvaluatorsConfig = EvaluatorsConfig()
    evaluation: EvaluationConfig

    @model_validator(mode="after")
    def _metrics_have_their_models(self):
        for name in sorted(self.evaluation.asked):
            kind = find_metric(name).evaluator
            if kind and getattr(self.evaluators, kind) is None:
                from_hub = EvaluatorsConfig.model_fields[kind].annotation == str | None
                given = "a hub id or a file" if from_hub else "a hub id, or the config of one trained here"
                raise ValueError(f"evaluation asks for {name}, which needs evaluators.{kind}: {given}")
        return self

    @model_validator(mode="after")
    def _channels_agree(self):
        asked = self.autoencoder.architecture.audio_channels
        others = {f"autoencoder_corpora.{number}": each for number, each in enumerate(self.autoencoder_corpora)}
        for name, corpus in {"corpus": self.corpus, **others}.items():
            channels = getattr(corpus, "channels", 1)  # speech and sounds that are made here are mono
            if channels != asked:
                raise ValueError(
                    f"autoencoder.architecture.audio_channels is {asked}, and {name}.channels is {channels} (kind "
                    f"{corpus.kind}): both must be 1 or both 2"
                )
        recipe = self.autoencoder
        if asked == 1 and isinstance(recipe, AutoencoderRecipe) and recipe.reconstruction.stereo != "channels":
            raise ValueError("autoencoder.reconstruction.stereo is of stereo, and audio_channels is 1; drop it")
        return self

    @model_validator(mode="after")
    def _what_is_given_is_not_trained(self):
        if isinstance(self.autoencoder, AdoptedRecipe) and self.autoencoder_corpora:
            raise ValueError("autoencoder_corpora are to train an autoencoder on, and this one is given; drop them")
        return self

    @model_validator(mode="after")
    def _metrics_suit_the_corpus(self):
        if problem := channels_problem(self.evaluation.asked, self.autoencoder.architecture.audio_channels):
            raise ValueError(f"evaluation asks for {problem}")
        noted = [each.name for each in chosen(self.evaluation.asked) if each.needs_notes]
        if noted and self.corpus.kind != "music":
            kind = self.corpus.kind
            raise ValueError(f"evaluation asks for {noted[0]}: a corpus of kind {kind} has no notes; drop it")
        return self

    @model_validator(mode="after")
    def _test_split_has_the_clips(self):
        there = getattr(self.corpus, "test", None)  # of recordings it is not known yet
        if self.evaluation.split == "test" and there is not None and self.evaluation.clips > there:
            raise ValueError(f"evaluation.clips is {self.evaluation.clips}, and corpus.test has {there}")
        return self

    @model_validator(mode="after")
    def _mel_input_hears_the_corpus_at_its_rate(self):
        mel = getattr(self.autoencoder.architecture, "mel_input", None)
        if mel and mel.sample_rate != self.sample_rate:
            raise ValueError(f"mel_input.sample_rate {mel.sample_rate} is not the study's, {self.sample_rate}")
        return self

    @model_validator(mode="after")
    def _solver_is_the_generators(self):
        asked, given = self.generator.kind, self.sampling.solver.kind
        if asked != given:
            raise ValueError(f"sampling.solver is of a generator of kind {given}; this one is of kind {asked}")
        return self

    @model_validator(mode="after")
    def _measurements_suit_it(self):
        for side in ("reconstruction", "generation"):
            for name in getattr(self.evaluation, side):
                found = find_measurement(name)
                if found and (problem := found.problem(self)):
                    raise ValueError(f"evaluation.{side} asks for {name}, {problem}")
        return self

    @model_validator(mode="after")
    def _alignment_has_a_teacher(self):
        alignment = self.autoencoder.alignment
        if alignment is None:
            return self
        if self.autoencoder_corpora:
            raise ValueError("autoencoder.alignment looks to features of `corpus` alone; drop autoencoder_corpora")
        if self.teacher is None:
            raise ValueError("autoencoder.alignment needs a teacher: a hub id, or the config of one trained here")
        if not isinstance(self.teacher, str) and isinstance(alignment.layer, int):
            depth = self.teacher.encoder.depth
            if alignment.layer > depth:
                raise ValueError(f"autoencoder.alignment.layer {alignment.layer} is past the teacher's {depth} layers")
        return self

    @model_validator(mode="after")
    def _texts_that_are_read_differ(self):
        if not self.autoencoder.reads_texts:
            return self
        for corpus in self.autoencoder_corpora or (self.corpus,):
            if isinstance(corpus, HubConfig) and (text := find_layout(corpus).text) is not None:
                raise ValueError(
                    f"autoencoder.shaping.contrastive.text reads captions, and {corpus.name} has none (each clip is "
                    f"called {text!r}); drop text, or take another corpus"
                )
        return self

    @property
    def latent_sample_rate(self) -> int:
        """Hz of the audio that is encoded: the study's, or that of an autoencoder which is given."""
        recipe = self.autoencoder
        return recipe.pretrained.sample_rate if isinstance(recipe, AdoptedRecipe) else self.sample_rate

    @property
    def frame_rate(self) -> float:
        """Latent frames per second."""
        return self.latent_sample_rate / self.autoencoder.architecture.hop

    @property
    def information_rate(self) -> float:
        """Latent floats per second."""
        return self.frame_rate * self.autoencoder.bottleneck.dim
