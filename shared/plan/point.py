"""A point of a study: the jobs that one variant needs at one scale, from its corpus to its scores."""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from shared.metrics.base import chosen
from shared.metrics.latent_kinds import BY_CLIP, LATENT
from shared.plan.jobs import KINDS

SHARED = "shared"  # owner of what all sources use
EVALUATOR_SEED, TEACHER_SEED = 0, 1


@dataclass
class Job:
    """One job: `inputs` are files, or lists of them, by option name; `options` are no files (hub ids)."""

    kind: str
    key: str
    spec: dict[str, Any]
    folder: str
    inputs: dict[str, str | list[str]] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    used_by: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        """The file that the job makes."""
        return f"{self.folder}/{KINDS[self.kind][1]}"

    @property
    def spec_text(self) -> str:
        """The spec as JSON."""
        return json.dumps(self.spec, indent=1, sort_keys=True, ensure_ascii=False)

    @property
    def label(self) -> str:
        """Which variant needs the job, for people: `longcat dim64 seed 0, and 2 more`."""
        others = len(self.used_by) - 1
        return self.used_by[0] + (f", and {others} more" if others else "")


@dataclass(frozen=True)
class Point:
    """What a study needs for one variant: its resolved config and, by seed and side, its scoring job.

    A side of which no metric is asked has no job; ground truth is scored where something is set beside it. What is
    measured of latents where it is asked for (LATENT) has a job by its kind and seed.
    """

    variant: str
    config: Any
    scores: dict[int, dict[str, Job]]
    ground_truth: Job | None
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
        parts = ((part, getattr(config, part)) for part in type(config).model_fields)
        self.specs = {
            part: value.model_dump(mode="json") for part, value in parts if isinstance(value, BaseModel)
        }
        self.items = {"clips": config.evaluation.clips, "seed": config.evaluation.seed}
        self.corpus = self._corpus(config.corpus)
        self.latent: dict[str, dict[int, Job]] = {kind: {} for kind in LATENT}

    def scores(self, seed: int) -> dict[str, Job]:
        """Scoring jobs of the reconstructions and of the samples, by side; a side without metrics has none."""
        name, word, corpus = f"{self.name} seed {seed}", f"seed{seed}", self.corpus
        add = functools.partial(self.add, self.source)
        evaluation, scores = self.config.evaluation, {}
        taught = {"features": self._teacher_features()} if self.config.autoencoder.alignment else {}
        heard = [self._corpus(each) for each in self.config.autoencoder_corpora] or [corpus]
        spec = {"corpora": [each.spec for each in heard], "autoencoder": self.specs["autoencoder"], "seed": seed}
        spec |= {kind: job.spec for kind, job in taught.items()}
        autoencoder = add("autoencoder", word, spec, name, {"corpora": heard, **taught})
        trained = {"corpus": corpus, "autoencoder": autoencoder}
        if "compactness" in evaluation.reconstruction:
            spec = {"autoencoder": autoencoder.spec}
            self.latent["compactness"][seed] = add("compactness", word, spec, name, {"autoencoder": autoencoder})
        spec = {"corpus": corpus.spec, "autoencoder": autoencoder.spec, **self.items}
        for kind in BY_CLIP:
            if kind in evaluation.reconstruction:
                self.latent[kind][seed] = add(kind, word, spec, name, {**trained, "corpora": heard})
        if evaluation.reconstructed:
            clips = add("reconstructions", word, spec, name, trained)
            scores["reconstruction"] = self._score(clips, f"reconstruction-{word}", evaluation.reconstructed, name)
        if evaluation.generation:
            # What the generator learns and what is measured may be another corpus than the autoencoder's.
            spec = {"corpus": corpus.spec, "autoencoder": autoencoder.spec}
            latents = add("latents", word, spec, name, trained)
            spec |= {"generator": self.specs["generator"], "seed": seed}
            generator = add("generator", word, spec, name, {"corpus": corpus, "latents": latents})
            spec = {"generator": generator.spec, "sampling": self.specs["sampling"], **self.items}
            models = {**trained, "generator": generator}
            if "exposure" in evaluation.generation:
                self.latent["exposure"][seed] = add("exposure", word, spec, name, models)
            if evaluation.generated:
                clips = add("samples", word, spec, name, models)
                scores["generation"] = self._score(clips, f"generation-{word}", evaluation.generated, name)
        return scores

    def ground_truth(self) -> Job | None:
        """Scoring job of the real test clips: the ceiling of generation, and what set metrics compare with."""
        metrics = self.config.evaluation.ground_truth
        if not metrics:
            return None
        spec = {"corpus": self.corpus.spec, **self.items}
        word = self.corpus.spec["kind"]
        clips = self.add(SHARED, "ground_truth", word, spec, self.name, {"corpus": self.corpus})
        return self._score(clips, "ground-truth", metrics, self.name)

    def _corpus(self, config: BaseModel) -> Job:
        spec = config.model_dump(mode="json")
        return self.add(SHARED, "corpus", spec["kind"], spec, self.name, {})

    def _evaluator(self, kind: str) -> Job | str:
        """The job that trains an evaluator, or its hub id."""
        config = getattr(self.config.evaluators, kind)
        return config if isinstance(config, str) else self._train(kind, config, EVALUATOR_SEED)

    def _teacher_features(self) -> Job:
        """What the teacher makes of the training split, at the layer that the alignment asks for."""
        teacher, layer = self.config.teacher, self.config.autoencoder.alignment.layer
        if isinstance(teacher, str):
            model, inputs, options = teacher, {}, {"teacher": teacher}
        else:
            # A recogniser, but never the one that measures: a latent must not be fitted to its own judge.
            job = self._train("recogniser", teacher, TEACHER_SEED)
            model, inputs, options = job.spec, {"teacher": job}, {}
        spec = {"corpus": self.corpus.spec, "teacher": model, "layer": layer}
        inputs = {"corpus": self.corpus, **inputs}
        return self.add(SHARED, "teacher_features", f"layer{layer}", spec, self.name, inputs, **options)

    def _train(self, kind: str, config: BaseModel, seed: int) -> Job:
        """The job that trains a model shared by every variant and every training seed."""
        spec = {"corpus": self.corpus.spec, kind: config.model_dump(mode="json"), "seed": seed}
        return self.add(SHARED, kind, self.corpus.spec["kind"], spec, self.name, {"corpus": self.corpus})

    def _score(self, clips: Job, word: str, metrics: tuple[str, ...], used_by: str) -> Job:
        kinds = sorted({each.evaluator for each in chosen(metrics) if each.evaluator})
        evaluators = {kind: self._evaluator(kind) for kind in kinds}
        jobs = {kind: evaluator for kind, evaluator in evaluators.items() if isinstance(evaluator, Job)}
        models = {kind: jobs[kind].spec if kind in jobs else evaluator for kind, evaluator in evaluators.items()}
        windows = {"dnsmos_windows": self.config.evaluation.dnsmos_windows}
        spec = {"clips": clips.spec, "models": models, "metrics": list(metrics), **windows}
        return self.add(self.source, "scores", word, spec, used_by, {"corpus": self.corpus, "clips": clips, **jobs})
