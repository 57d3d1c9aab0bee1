"""The plan: every job that the studies need at a scale, each named by a hash of all that went into it.

A job's spec holds the specs upstream of it, so its key changes when anything upstream changes, and two
studies of a source that need the same thing share one job. Corpora and evaluators are shared by all sources; the
rest lies in a folder of its source, since DVC wants one owner for each output. Snakemake's rules look their inputs
and parameters up here.
"""

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shared.config import ConfigError, did_you_mean, digest
from shared.metrics.by_clip import BY_CLIP
from shared.metrics.names import EVALUATORS, OF_SETS
from shared.studies.corpus_choice import corpus_override, identity, slug
from shared.studies.jobs import KINDS, LATENT
from shared.studies.schema import Axis, Source, get

PAPER_SCALE = "paper"
SHARED = "shared"  # owner of what all sources use
ONE_SEED = (0,)
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


class Plan:
    """All jobs at one scale.

    Args:
        sources: what may be drawn; a source without this scale is left out.
        scale: name of the scale.
        seeds: training seeds, and every variant is trained with each; None: those that each study names.
        corpus: a folder or a hub dataset's name, used in place of each source's corpus.
        max_rejected: share of that corpus's clips that may be unusable.
        changes: by source, what to change in the scale's config; nested as in study.yaml.
        label: folder of the record under results/; by default the scale, and the corpus if there is one.

    Raises:
        ConfigError: no source has the scale, or a config does not fit.
    """

    def __init__(
        self,
        sources: dict[str, Source],
        scale: str,
        seeds: list[int] | None = None,
        corpus: str | None = None,
        max_rejected: float | None = None,
        changes: dict[str, dict[str, Any]] | None = None,
        label: str | None = None,
    ):
        known = {name for source in sources.values() for name in source.file.scales}
        if scale not in known:
            raise ConfigError(f"scale: no {scale!r}{did_you_mean(scale, known)}")
        self.sources, self.scale, self.seeds = sources, scale, seeds
        self.corpus = corpus_override(corpus, max_rejected)
        # The record of a run on another corpus gets another folder, and never overwrites the scale's own.
        self.label = label or (scale if corpus is None else f"{scale}-{slug(Path(corpus).name)}")
        self.changes = changes or {}
        for name in self.changes:
            if name not in sources:
                raise ConfigError(f"changes: no source {name!r}{did_you_mean(name, sources)}")
        self.owners = [SHARED, *sources]
        self.jobs: dict[tuple[str, str, str], Job] = {}
        self.figures: dict[str, tuple[str, str]] = {}
        self.points: dict[tuple[str, str], list[Point]] = {}
        for source in sources.values():
            for study in source.file.studies if scale in source.file.scales else ():
                self._add_study(source, study)

    def seeds_of(self, source: str, study: str) -> list[int]:
        """Training seeds of a study, in order."""
        return sorted(set(self.seeds or self.sources[source].study(study).seeds.get(self.scale, ONE_SEED)))

    def job(self, owner: str, kind: str, key: str) -> Job:
        """The job of this owner, kind and key.

        Raises:
            ConfigError: the plan has none (a stale path asked for by name).
        """
        if (owner, kind, key) not in self.jobs:
            raise ConfigError(f"{owner}/{kind}/{key}: no study at scale {self.scale} needs this run folder")
        return self.jobs[owner, kind, key]

    def figure(self, name: str) -> tuple[str, str]:
        """`(source, study)` of `figures/<name>.pdf`.

        Raises:
            ConfigError: no such figure; the message lists those that exist.
        """
        if name not in self.figures:
            raise ConfigError(
                f"figures/{name}.pdf: no such figure at scale {self.scale}; "
                f"there are: {', '.join(sorted(self.figures))}"
            )
        return self.figures[name]

    def study_folder(self, source: str, study: str) -> str:
        """Where a study's table and figure are made; its name holds a hash of all that goes into them."""
        return f"runs/{self.scale}/{source}/studies/{study}/{digest(self.study_spec(source, study))}"

    def study_spec(self, source: str, study: str) -> str:
        """What a study's table is made of and how it is labelled: JSON for the `tabulate` and `draw` jobs."""
        loaded, points, sides = self.sources[source], self.points[source, study], self.sides(source, study)
        truth = self._ground_truth(source, study)
        axis = loaded.study(study).axis
        variants = []
        for point in points:
            ours = None if axis is None else get(point.config, axis.field)
            scores = {
                str(seed): {side: job.output for side, job in jobs.items() if side in sides}
                for seed, jobs in point.scores.items()
            }
            label = loaded.study(study).labels.get(point.variant, loaded.file.variants[point.variant].label)
            published = self._published_setting(loaded, study, point.variant, axis)
            settings = {"setting": ours, "paper_setting": published}
            # Only where it is asked for, as the folder's name is a hash of this.
            measured = ((kind, jobs) for kind, jobs in point.latent.items() if jobs)
            latent = {kind: {str(seed): job.output for seed, job in jobs.items()} for kind, jobs in measured}
            variants.append({"name": point.variant, "label": label, **settings, "scores": scores, **latent})
        spec = {
            "source": source,
            "study": study,
            "title": f"{loaded.file.title}: {loaded.study(study).title}",
            "paper": loaded.file.paper,
            "axis": None if axis is None else axis.model_dump(),
            "scale": self.scale,
            "label": self.label,
            "seeds": self.seeds_of(source, study),
            "variants": variants,
            "ground_truth": truth and truth.output,
            "set_metrics": {side: [name for name in OF_SETS if self._all_ask(points, side, name)] for side in sides},
            "kad": points[0].config.evaluation.kad.model_dump(),
            "config_hash": digest([identity(point.config.model_dump(mode="json")) for point in points]),
            "folder": loaded.folder.as_posix(),
            "studies": loaded.variants_of_studies(),
            "jobs": sorted(job.folder for job in self._upstream(self._measuring(source, study))),
        }
        return json.dumps(spec, indent=1, ensure_ascii=False)

    def study_inputs(self, source: str, study: str) -> dict[str, Any]:
        """The files that a study's table is made from: scores, what is measured of latents, and what the paper says."""
        folder = self.sources[source].folder
        facts = {name: folder / f"{name}.yaml" for name in ("paper", "claims")}
        return {
            "scores": [job.output for job in self._scoring(source, study)],
            **{kind: [job.output for job in self._latent(source, study, kind)] for kind in LATENT},
            **{name: path.as_posix() for name, path in facts.items() if path.exists()},
        }

    def _published_setting(self, source: Source, study: str, variant: str, axis: Axis | None) -> Any:
        """Where the variant stands on the axis at the `paper` scale."""
        if axis is None or PAPER_SCALE not in source.file.scales:
            return None
        return get(source.resolve(variant, PAPER_SCALE, study), axis.field)

    def _all_ask(self, points: list[Point], side: str, metric: str) -> bool:
        return all(metric in getattr(point.config.evaluation, side) for point in points)

    def sides(self, source: str, study: str) -> list[str]:
        """The sides that a study shows: those that all of its variants are scored on."""
        points = self.points[source, study]
        return [side for side in points[0].sides if all(side in point.sides for point in points)]

    def _ground_truth(self, source: str, study: str) -> Job | None:
        """Scoring job of the ground truth that a study's variants are set beside."""
        truths = [point.ground_truth for point in self.points[source, study]]
        return truths[0] if all(truths) else None

    def _scoring(self, source: str, study: str) -> list[Job]:
        """The jobs whose scores a study's table is made from."""
        sides, truth = self.sides(source, study), self._ground_truth(source, study)
        by_seed = [jobs for point in self.points[source, study] for jobs in point.scores.values()]
        return [*(jobs[side] for jobs in by_seed for side in sides), *([truth] if truth else [])]

    def _latent(self, source: str, study: str, kind: str) -> list[Job]:
        """The jobs that measure latents for a study, of one kind."""
        return [job for point in self.points[source, study] for job in point.latent[kind].values()]

    def _measuring(self, source: str, study: str) -> list[Job]:
        """All jobs that a study's table is made from."""
        latent = [job for kind in LATENT for job in self._latent(source, study, kind)]
        return [*self._scoring(source, study), *latent]

    def _upstream(self, jobs: list[Job]) -> list[Job]:
        """Jobs with all that they rest on."""
        by_output = {job.output: job for job in self.jobs.values()}
        found: dict[str, Job] = {}
        todo = list(jobs)
        while todo:
            job = todo.pop()
            if job.folder not in found:
                found[job.folder] = job
                todo.extend(by_output[path] for paths in job.inputs.values() for path in as_list(paths))
        return list(found.values())

    def _add_study(self, source: Source, study: str) -> None:
        name = f"{source.name}_{study}"
        if name in self.figures:
            raise ConfigError(
                f"{source.path}: figures/{name}.pdf is also a figure of {self.figures[name][0]}"
            )
        self.figures[name] = (source.name, study)
        seeds = self.seeds_of(source.name, study)
        self.points[source.name, study] = [
            self._add_point(source, study, each, seeds) for each in source.study(study).variants
        ]
        if not self.sides(source.name, study):
            raise ConfigError(
                f"{source.path}: studies.{study}: no side that all its variants measure; give them one in "
                "evaluation.reconstruction or evaluation.generation"
            )

    def _add_point(self, source: Source, study: str, variant: str, seeds: list[int]) -> Point:
        config = source.resolve(variant, self.scale, study, self.corpus, self.changes.get(source.name))
        builder = _PointBuilder(self, config, source.name, variant)
        scores = {seed: builder.scores(seed) for seed in seeds}
        return Point(variant, config, scores, builder.ground_truth(), builder.latent)

    def add(
        self,
        owner: str,
        kind: str,
        word: str,
        spec: dict,
        used_by: str,
        inputs: dict[str, Job | list[Job]],
        **options: str,
    ) -> Job:
        """The job with this spec, made at the first call.

        Args:
            owner: the source that it belongs to, or SHARED.
            kind: one of KINDS.
            word: starts the folder's name, for people; it must follow from the spec.
            spec: the job's whole config.
            used_by: who needs it, for people.
            inputs: the jobs whose outputs it reads, by option name.
            options: further options whose values are no files.
        """
        key = f"{word}-{digest(identity(spec))}"
        place = (owner, kind, key)
        if place not in self.jobs:
            files = {
                name: [each.output for each in job] if isinstance(job, list) else job.output
                for name, job in inputs.items()
            }
            self.jobs[place] = Job(kind, key, spec, "/".join(["runs", self.scale, *place]), files, options)
        job = self.jobs[place]
        if used_by not in job.used_by:
            job.used_by.append(used_by)
        return job


class _PointBuilder:
    """Adds the jobs of one variant to a plan; `latent` holds those that measure latents, by kind and scored seed."""

    def __init__(self, plan: Plan, config: Any, source: str, variant: str):
        self.plan, self.config, self.source, self.name = plan, config, source, f"{source} {variant}"
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
        add = functools.partial(self.plan.add, self.source)
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
        clips = self.plan.add(SHARED, "ground_truth", word, spec, self.name, {"corpus": self.corpus})
        return self._score(clips, "ground-truth", metrics, self.name)

    def _corpus(self, config: BaseModel) -> Job:
        spec = config.model_dump(mode="json")
        return self.plan.add(SHARED, "corpus", spec["kind"], spec, self.name, {})

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
        return self.plan.add(SHARED, "teacher_features", f"layer{layer}", spec, self.name, inputs, **options)

    def _train(self, kind: str, config: BaseModel, seed: int) -> Job:
        """The job that trains a model shared by every variant and every training seed."""
        spec = {"corpus": self.corpus.spec, kind: config.model_dump(mode="json"), "seed": seed}
        return self.plan.add(SHARED, kind, self.corpus.spec["kind"], spec, self.name, {"corpus": self.corpus})

    def _score(self, clips: Job, word: str, metrics: tuple[str, ...], used_by: str) -> Job:
        kinds = {EVALUATORS[metric] for metric in metrics if metric in EVALUATORS} & KINDS.keys()
        evaluators = {kind: self._evaluator(kind) for kind in sorted(kinds)}
        jobs = {kind: evaluator for kind, evaluator in evaluators.items() if isinstance(evaluator, Job)}
        hub = {kind: evaluator for kind, evaluator in evaluators.items() if isinstance(evaluator, str)}
        models = {**hub, **{kind: job.spec for kind, job in jobs.items()}}
        settings = {"utmos": self.config.evaluators.utmos, "dnsmos_windows": self.config.evaluation.dnsmos_windows}
        if "muq_eval" in metrics:  # no key of a job that does not use it changes
            settings["muq_eval"] = self.config.evaluators.muq_eval
        spec = {"clips": clips.spec, **models, "metrics": list(metrics), **settings}
        inputs = {"corpus": self.corpus, "clips": clips, **jobs}
        return self.plan.add(self.source, "scores", word, spec, used_by, inputs, **hub)


def as_list(value: str | list[str]) -> list[str]:
    """One path or several, as a list."""
    return [value] if isinstance(value, str) else value
