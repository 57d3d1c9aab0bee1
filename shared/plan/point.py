"""The jobs that one variant of a study needs at one scale, from its corpus to its scores."""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from shared.autoencoders.adapters.config import AdoptedRecipe
from shared.code import code_hash
from shared.config import Role, digest
from shared.corpora.config import CorpusConfig
from shared.measurements.base import Subject, measurements
from shared.metrics.base import chosen, modules_of
from shared.plan.content import content, identity
from shared.plan.jobs import KINDS

SHARED = "shared"  # owner of what all sources use
EVALUATOR_SEED, TEACHER_SEED = 0, 1
LADDER_CLIPS = 24
GIVEN = "given"  # begins the names of jobs that no training seed changes


@dataclass(frozen=True)
class Model:
    """A model that is not trained here: the config's field that names it, and its hub id, file or folder."""

    field: str
    name: str


@dataclass
class Job:
    """One job.

    Attributes:
        kind: one of KINDS.
        key: name of its folder, with a hash of what `config` says beyond the defaults.
        config: what it is given: configs, the jobs that it rests on, models.
        folder: where it works.
        inputs: files, or lists of them, by option name.
        options: what is no file (hub ids), likewise.
        used_by: which variants need it, for people.
    """

    kind: str
    key: str
    config: Any
    folder: str
    inputs: dict[str, str | list[str]] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    used_by: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        """The file that the job makes."""
        return f"{self.folder}/{KINDS[self.kind][1]}"

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The whole config with those of the jobs upstream, defaults and all, as JSON."""
        return _replaced(self.config, lambda job: job.spec, lambda model: model.name, dump)

    @cached_property
    def configs(self) -> Any:
        """The configs in it and upstream of it."""
        return _replaced(self.config, lambda job: job.configs, lambda model: None)

    @cached_property
    def code(self) -> str:
        """Hash of the code that it runs and of what this takes from the config: the job reruns when it changes."""
        by_name = modules_of(self.config["metrics"]) if self.kind in ("scores", "ladder") else ()
        return code_hash(KINDS[self.kind][0], self.configs, by_name)

    @property
    def spec_text(self) -> str:
        """The spec as JSON."""
        return json.dumps(self.spec, indent=1, sort_keys=True, ensure_ascii=False)

    @property
    def label(self) -> str:
        """Which variant needs the job, for people: `longcat dim64 seed 0, and 2 more`."""
        others = len(self.used_by) - 1
        return self.used_by[0] + (f", and {others} more" if others else "")


def key_of(config: Any) -> str:
    """Hash of what a job's config says beyond the defaults, and of the keys of the jobs that it rests on.

    Raises:
        ConfigError: a path in it leads nowhere.
    """
    named = _replaced(config, lambda job: job.key, lambda model: content(Role.MODEL, model.field, model.name))
    return digest(identity(named))


def dump(config: BaseModel) -> dict[str, Any]:
    """A config as JSON."""
    return config.model_dump(mode="json")


def _replaced(
    value: Any,
    job: Callable[[Job], Any],
    model: Callable[[Model], Any],
    config: Callable[[BaseModel], Any] = lambda config: config,
) -> Any:
    """`value` with something in place of each job, model and config in it."""
    if isinstance(value, dict):
        return {name: _replaced(each, job, model, config) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, job, model, config) for each in value]
    if isinstance(value, Job):
        return job(value)
    if isinstance(value, Model):
        return model(value)
    return config(value) if isinstance(value, BaseModel) else value


@dataclass(frozen=True)
class Point:
    """What a study needs for one variant: its resolved config and, by seed and side, its scoring job.

    A side of which no metric is asked has no job; ground truth is scored where something is set beside it, and a ladder
    says of metrics of single clips whether they put recordings and noise in order. Each measurement of latents that is
    asked for has a job by its name and seed.
    """

    variant: str
    config: Any
    scores: dict[int, dict[str, Job]]
    ground_truth: Job | None
    ladder: Job | None
    latent: dict[str, dict[int, Job]]

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides that are scored."""
        return tuple(next(iter(self.scores.values())))


class PointBuilder:
    """Adds the jobs of one variant to a plan; `latent` holds those that measure latents, by kind and scored seed.

    Args:
        add: `Plan.add`.
        config: the variant's, resolved.
        source: who owns its jobs.
        variant: its name.
    """

    def __init__(self, add: Callable[..., Job], config: Any, source: str, variant: str):
        self.add, self.config, self.source, self.name = add, config, source, f"{source} {variant}"
        evaluation = config.evaluation
        self.items = {"clips": evaluation.clips, "seed": evaluation.seed}
        if evaluation.split != "test":
            self.items["split"] = evaluation.split
        self.corpus = self._corpus(config.corpus)
        self.latent: dict[str, dict[int, Job]] = {each.name: {} for each in measurements()}

    def scores(self, seed: int) -> dict[str, Job]:
        """Scoring jobs of the reconstructions and of the samples, by side; a side without metrics has none."""
        name, word, corpus = f"{self.name} seed {seed}", f"seed{seed}", self._encoded_corpus()
        add = functools.partial(self.add, self.source)
        evaluation, scores = self.config.evaluation, {}
        heard = [self._corpus(each) for each in self.config.autoencoder_corpora] or [corpus]
        # Of an autoencoder that is given all seeds have one, and what follows from it alone.
        once = GIVEN if isinstance(self.config.autoencoder, AdoptedRecipe) else word
        autoencoder = self._adopted(name) if once == GIVEN else self._autoencoder(seed, heard, name)
        trained = {"corpus": corpus, "autoencoder": autoencoder}
        self._measure("training", seed, {"autoencoder": autoencoder}, {"autoencoder": autoencoder})
        self._measure("autoencoder", seed, {**trained, **self.items}, {**trained, "corpora": heard})
        # Clips of any latent are heard at the study's rate.
        made = {**self.items, **({} if corpus is self.corpus else {"rate": self.config.sample_rate})}
        if evaluation.reconstructed:
            clips = add("reconstructions", once, {**trained, **made}, name, trained)
            scores["reconstruction"] = self._score(clips, f"reconstruction-{once}", evaluation.reconstructed, name)
        if evaluation.generation:
            # What the generator learns and what is measured may be another corpus than the autoencoder's.
            latents = add("latents", once, trained, name, trained)
            given = {**trained, "generator": self.config.generator, "seed": seed}
            generator = add("generator", word, given, name, {"corpus": corpus, "latents": latents})
            given = {"generator": generator, "sampling": self.config.sampling, **self.items}
            models = {**trained, "generator": generator}
            self._measure("generator", seed, given, models)
            if evaluation.generated:
                clips = add("samples", word, {**given, **made}, name, models)
                scores["generation"] = self._score(clips, f"generation-{word}", evaluation.generated, name)
        return scores

    def _autoencoder(self, seed: int, heard: list[Job], name: str) -> Job:
        """The job that trains it on these corpora."""
        taught = {"features": self._teacher_features()} if self.config.autoencoder.alignment else {}
        given = {"corpora": heard, "autoencoder": self.config.autoencoder, "seed": seed, **taught}
        return self.add(self.source, "autoencoder", f"seed{seed}", given, name, {"corpora": heard, **taught})

    def _adopted(self, name: str) -> Job:
        """The job that adopts the one which is given."""
        return self.add(self.source, "adopted", GIVEN, {"autoencoder": self.config.autoencoder}, name, {})

    def _encoded_corpus(self) -> Job:
        """The corpus at the rate that the autoencoder works at."""
        rate = self.config.latent_sample_rate
        if rate == self.config.sample_rate:
            return self.corpus
        return self._corpus(self.config.corpus.model_copy(update={"sample_rate": rate}))

    def _measure(
        self, subject: Subject, seed: int, given: dict[str, Any], inputs: Mapping[str, Job | list[Job]]
    ) -> None:
        """Add the jobs that measure what is asked for of one subject."""
        for each in measurements():
            if each.subject == subject and each.name in getattr(self.config.evaluation, each.side):
                name = f"{self.name} seed {seed}"
                self.latent[each.name][seed] = self.add(self.source, each.name, f"seed{seed}", given, name, inputs)

    def ground_truth(self) -> Job | None:
        """Scoring job of the real test clips: the ceiling of generation, and what set metrics compare with."""
        metrics = self.config.evaluation.ground_truth
        if not metrics:
            return None
        given = {"corpus": self.corpus, **self.items}
        clips = self.add(SHARED, "ground_truth", self.corpus.config.kind, given, self.name, {"corpus": self.corpus})
        return self._score(clips, "ground-truth", metrics, self.name)

    def ladder(self) -> Job | None:
        """Whether the metrics of single clips can be believed on this corpus."""
        of_clips = (each for each in chosen(self.config.evaluation.asked) if not each.of_set and not each.needs_notes)
        asked = [each.name for each in of_clips]
        if not asked:
            return None
        given = {"corpus": self.corpus, **self.items, "clips": min(LADDER_CLIPS, self.items["clips"])}
        return self._judge("ladder", "ladder", given, tuple(asked), self.name, {"corpus": self.corpus})

    def _corpus(self, config: CorpusConfig) -> Job:
        return self.add(SHARED, "corpus", config.kind, config, self.name, {})

    def _evaluator(self, kind: str) -> Job | Model:
        """The job that trains an evaluator, or the model that is one."""
        config = getattr(self.config.evaluators, kind)
        is_model = isinstance(config, str)
        return Model(f"evaluators.{kind}", config) if is_model else self._train(kind, config, EVALUATOR_SEED)

    def _teacher_features(self) -> Job:
        """What the teacher makes of the training split, at the layer that the alignment asks for."""
        teacher, layer = self.config.teacher, self.config.autoencoder.alignment.layer
        # A recogniser, but never the one that measures: a latent must not be fitted to its own judge.
        own = None if isinstance(teacher, str) else self._train("asr", teacher, TEACHER_SEED)
        model = own or Model("teacher", teacher)
        given = {"corpus": self.corpus, "teacher": model, "layer": layer}
        jobs = {name: each for name, each in given.items() if isinstance(each, Job)}
        options = {"teacher": teacher} if isinstance(teacher, str) else {}
        return self.add(SHARED, "teacher_features", f"layer{layer}", given, self.name, jobs, **options)

    def _train(self, kind: str, config: BaseModel, seed: int) -> Job:
        """The job that trains a model shared by every variant and every training seed."""
        given = {"corpus": self.corpus, kind: config, "seed": seed}
        return self.add(SHARED, kind, self.corpus.config.kind, given, self.name, {"corpus": self.corpus})

    def _score(self, clips: Job, word: str, metrics: tuple[str, ...], used_by: str) -> Job:
        inputs = {"corpus": self.corpus, "clips": clips}
        return self._judge("scores", word, {"clips": clips}, metrics, used_by, inputs)

    def _judge(
        self, kind: str, word: str, given: dict[str, Any], metrics: tuple[str, ...], used_by: str,
        inputs: dict[str, Job],
    ) -> Job:
        """A job that runs metrics, with the evaluators that these need."""
        kinds = sorted({each.evaluator for each in chosen(metrics) if each.evaluator})
        evaluators = {kind: self._evaluator(kind) for kind in kinds}
        jobs = {kind: evaluator for kind, evaluator in evaluators.items() if isinstance(evaluator, Job)}
        windows = {"dnsmos_windows": self.config.evaluation.dnsmos_windows}
        given = {**given, "models": evaluators, "metrics": list(metrics), **windows}
        return self.add(self.source, kind, word, given, used_by, {**inputs, **jobs})
