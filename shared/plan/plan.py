"""The plan: every job that the studies need at a scale, each named by a hash of all that its config says.

A job's config holds the jobs upstream of it, so its key changes when anything upstream changes, and two studies of a
source that need the same thing share one job. A default is part of no key (see `config.differences`), so that a new
field renames nothing; where a default changes, the hash of its code reruns a job that rests on it (`shared.code`).
Corpora and evaluators are shared by all sources; the rest lies in a folder of its source, since DVC wants one owner for
each output. Snakemake's rules look their inputs and parameters up here.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shared.autoencoders.given import RANDOM, is_random
from shared.code import code_hash
from shared.config import ConfigError, SettingError, did_you_mean, digest
from shared.measurements.base import PACKAGE as MEASUREMENTS
from shared.measurements.base import measurements
from shared.metrics.base import chosen, modules_of
from shared.plan.changes import check_changes
from shared.plan.content import identity
from shared.plan.corpus_choice import corpus_override, label_of
from shared.plan.dotted import get, merge
from shared.plan.point import SHARED, Job, Point, PointBuilder, key_of
from shared.plan.schema import Source
from shared.statistics.looks import LOOKS
from shared.statistics.relations.base import modules_of_relations
from shared.statistics.study import Axis, StudiedVariant, StudySpec

FirstSeeds = Callable[[str, str, dict[str, str]], dict[str, int]]
PAPER_SCALE, PILOT = "paper", "pilot"
ONE_SEED = (0,)
PILOT_SEED = 100  # the least, so that no seed of a record is one that a recipe was tuned on


class Plan:
    """All jobs at one scale.

    Args:
        sources: what may be drawn; a source without this scale is left out.
        scale: name of the scale.
        seeds: training seeds, and every variant is trained with each; None: those that each study names.
        corpus: a folder or a hub dataset's name, used in place of each source's corpus.
        max_rejected: share of that corpus's clips that may be unusable.
        changes: by source, what to change in the scale's config; nested as in study.yaml.
        label: folder of the record under results/; by default the scale, and the corpus if there is one. A pilot's ends
            with `-pilot`.
        pilot: evaluate validation clips, with seeds of PILOT_SEED and up: to tune a recipe.
        looks: how many of the looks that were set beforehand (`shared.statistics.looks`); they say how many seeds.
        first_seeds: where they begin: given the label, a source and by study a hash of its recipe, by study; by default
            at 0.

    Attributes:
        left_out: (source, study) → why it can't be made of `corpus`, which fits other studies.

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
        pilot: bool = False,
        looks: int | None = None,
        first_seeds: FirstSeeds | None = None,
    ):
        known = {name for source in sources.values() for name in source.file.scales}
        if scale not in known:
            raise SettingError(f"scale: no {scale!r}{did_you_mean(scale, known)}")
        self.sources, self.scale, self.seeds = sources, scale, seeds
        self.corpus = corpus_override(corpus, max_rejected)
        # The record of a run on another corpus gets another folder, and never overwrites the scale's own.
        own = [scale] if corpus is None else [scale, label_of(corpus)]
        self.label = label or "-".join(own)
        if pilot and not self.label.endswith(f"-{PILOT}"):  # which no ledger looks at
            self.label = f"{self.label}-{PILOT}"
        self.pilot = pilot
        self.looks, self.changes = looks, changes or {}
        if looks is not None:
            if seeds is not None:
                raise SettingError(f"looks: {looks} are {LOOKS[looks - 1]} seeds, set beforehand; drop seeds")
            if pilot:
                raise SettingError("looks: a pilot tunes a recipe and decides nothing; drop one of the two")
        self.first_seeds = first_seeds or (lambda label, source, recipes: dict.fromkeys(recipes, 0))
        self.begins: dict[tuple[str, str], int] = {}  # the first seed of each study, where looks are asked for
        for name in self.changes:
            if name not in sources:
                raise SettingError(f"changes: no source {name!r}{did_you_mean(name, sources)}")
        if pilot:
            self._prepare_pilot()
        self.owners = [SHARED, *sources]
        self.jobs: dict[tuple[str, str, str], Job] = {}
        self.figures: dict[str, tuple[str, str]] = {}
        self.left_out: dict[tuple[str, str], str] = {}
        self.points: dict[tuple[str, str], list[Point]] = {}
        for source in sources.values():
            if scale in source.file.scales:
                self._add_source(source)
        for (name, study), points in self.points.items():
            if not pilot and any(point.config.evaluation.split == "validation" for point in points):
                raise SettingError(f"changes: {name}.evaluation.split: of {study}: say pilot: true instead")

    def _prepare_pilot(self) -> None:
        """Nothing of a pilot is of the test split, and none of its seeds is of a record."""
        self.seeds = self.seeds or [PILOT_SEED]
        if min(self.seeds) < PILOT_SEED:
            raise SettingError(f"seeds: {min(self.seeds)} is for records; a pilot's are {PILOT_SEED} and up")
        asked = {"evaluation": {"split": "validation"}}
        self.changes = {name: merge(self.changes.get(name, {}), asked) for name in self.sources}

    def seeds_of(self, source: str, study: str) -> list[int]:
        """Training seeds of a study, in order."""
        if self.looks is not None:
            begin = self.begins[source, study]
            return list(range(begin, begin + LOOKS[self.looks - 1]))
        of_study = self.sources[source].study(study).seeds.get(self.scale, ONE_SEED)
        return sorted(set(self.seeds or of_study))

    def job(self, owner: str, kind: str, key: str) -> Job:
        """The job of this owner, kind and key.

        Raises:
            ConfigError: the plan has none (a stale path asked for by name).
        """
        if (owner, kind, key) not in self.jobs:
            raise ConfigError(f"{owner}/{kind}/{key}: no study at scale {self.scale} needs this run folder")
        return self.jobs[owner, kind, key]

    def samples_of(self, source: str, variant: str, seed: int) -> Job:
        """The job that samples a variant with one training seed; its inputs are what was trained for that.

        Raises:
            ConfigError: there is no such source or variant, or none of its generator at this scale.
        """
        if source not in self.sources:
            raise ConfigError(f"no source {source!r}{did_you_mean(source, self.sources)}")
        points = [point for (owner, _), each in self.points.items() if owner == source for point in each]
        known = {point.variant for point in points}
        if variant not in known:
            raise ConfigError(f"{source}: no variant {variant!r}{did_you_mean(variant, known)}")
        for point in points:
            scoring = point.scores.get(seed, {}).get("generation")
            if point.variant == variant and scoring is not None:
                return self._by_output[as_list(scoring.inputs["clips"])[0]]
        raise ConfigError(f"{source} {variant}: nothing is generated at scale {self.scale} with seed {seed}")

    def figure(self, name: str) -> tuple[str, str]:
        """`(source, study)` of `figures/<name>.pdf`.

        Raises:
            ConfigError: no such figure; the message lists those that exist.
        """
        for (source, study), reason in self.left_out.items():
            if name == f"{source}_{study}":
                raise ConfigError(f"figures/{name}.pdf: not of this corpus: {reason}")
        if name not in self.figures:
            raise ConfigError(
                f"figures/{name}.pdf: no such figure at scale {self.scale}; "
                f"there are: {', '.join(sorted(self.figures))}"
            )
        return self.figures[name]

    def dropped(self, source: str, study: str) -> list[str]:
        """The metrics that a study asks for and recordings of the user's have no values of."""
        if self.corpus is None:
            return []
        loaded = self.sources[source]
        own = [loaded.resolve(each, self.scale, study) for each in loaded.study(study).variants]
        return sorted({each.name for config in own for each in chosen(config.evaluation.asked) if each.needs_notes})

    def study_folder(self, source: str, study: str) -> str:
        """Where a study's table and figure are made; its name holds a hash of all that goes into them."""
        return f"runs/{self.scale}/{source}/studies/{study}/{digest(self.study_spec(source, study))}"

    def study_spec(self, source: str, study: str) -> StudySpec:
        """What a study's table is made of and how it is labelled: for the jobs that tabulate and draw."""
        loaded, points, sides = self.sources[source], self.points[source, study], self.sides(source, study)
        truth = self._ground_truth(source, study)
        axis = loaded.study(study).axis
        variants = []
        for point in points:
            ours = None if axis is None else get(point.config, axis.field)
            scores = {
                seed: {side: job.output for side, job in jobs.items() if side in sides}
                for seed, jobs in point.scores.items()
            }
            label = self._label(loaded, study, point)
            published = self._published_setting(loaded, study, point.variant, axis)
            measured = ((kind, jobs) for kind, jobs in point.latent.items() if jobs)
            latents = {kind: {seed: job.output for seed, job in jobs.items()} for kind, jobs in measured}
            variants.append(
                StudiedVariant(
                    name=point.variant, label=label, setting=ours, paper_setting=published, scores=scores,
                    latents=latents, trained=self._trained(point, sides),
                )
            )  # fmt: skip
        return StudySpec(
            source=source,
            study=study,
            title=f"{loaded.file.title}: {loaded.study(study).title}",
            paper=loaded.file.paper,
            axis=axis,
            scale=self.scale,
            label=self.label,
            seeds=self.seeds_of(source, study),
            variants=variants,
            ground_truth=truth and truth.output,
            ladders=sorted({job.output for job in self._ladders(source, study)}),
            set_metrics={side: self._set_metrics(points, side) for side in sides},
            kad=points[0].config.evaluation.kad,
            config_hash=self._recipe(loaded, study, [point.config for point in points]),
            folder=loaded.folder.as_posix(),
            studies=loaded.variants_of_studies(),
            jobs=sorted(job.folder for job in self.due(source, study, lambda job: False)),
            pilot=self.pilot,
            sequential=self.looks is not None,
        )

    def _label(self, source: Source, study: str, point: Point) -> str:
        """What a variant is called in tables, figures and the report: random weights are called nothing else."""
        if is_random(point.config.autoencoder):
            return f"{point.variant}, {RANDOM}"
        return source.study(study).labels.get(point.variant, source.file.variants[point.variant].label)

    def _trained(self, point: Point, sides: list[str]) -> dict[str, str]:
        """Side → the run folder of the model that made what is scored, with the study's first seed."""
        jobs = next(iter(point.scores.values()))
        kinds = {"reconstruction": "autoencoder", "generation": "generator"}
        clips = {side: self._by_output[as_list(jobs[side].inputs["clips"])[0]] for side in sides}
        return {side: as_list(clips[side].inputs[kinds[side]])[0] for side in sides}

    def _recipe(self, source: Source, study: str, configs: list[Any]) -> str:
        """Hash of the config of all variants of a study."""
        identities = []
        for variant, config in zip(source.study(study).variants, configs, strict=True):
            with self._naming(source, variant):
                identities.append(identity(config))
        return digest(identities)

    def study_code(self, source: str, study: str, module: str) -> str:
        """Hash of the code of a job that works on a study, with what is measured for it and what its source claims."""
        points = self.points[source, study]
        metrics = modules_of(metric for point in points for metric in point.config.evaluation.asked)
        measured = {f"{MEASUREMENTS}.{name}" for point in points for name, jobs in point.latent.items() if jobs}
        relations = modules_of_relations(claim.relation for claim in self.sources[source].claims)
        return code_hash(module, others=metrics | measured | relations)

    def study_inputs(self, source: str, study: str) -> dict[str, Any]:
        """The files that a study's table is made from: scores, what is measured of latents, and what the paper says."""
        folder = self.sources[source].folder
        facts = {name: folder / f"{name}.yaml" for name in ("paper", "claims")}
        return {
            "scores": [job.output for job in self._scoring(source, study)],
            "ladders": sorted({job.output for job in self._ladders(source, study)}),
            **{each.name: [job.output for job in self._latent(source, study, each.name)] for each in measurements()},
            **{name: path.as_posix() for name, path in facts.items() if path.exists()},
        }

    def _published_setting(self, source: Source, study: str, variant: str, axis: Axis | None) -> Any:
        """Where the variant stands on the axis at the `paper` scale."""
        if axis is None or PAPER_SCALE not in source.file.scales:
            return None
        return get(source.resolve(variant, PAPER_SCALE, study), axis.field)

    def _set_metrics(self, points: list[Point], side: str) -> list[str]:
        """The metrics of sets that all variants ask for."""
        side = {"reconstruction": "reconstructed", "generation": "generated"}[side]
        asked = set.intersection(*(set(getattr(point.config.evaluation, side)) for point in points))
        return [each.name for each in chosen(asked) if each.of_set]

    def sides(self, source: str, study: str) -> list[str]:
        """The sides that a study shows: those that all of its variants are scored on."""
        points = self.points[source, study]
        return [side for side in points[0].sides if all(side in point.sides for point in points)]

    def _ground_truth(self, source: str, study: str) -> Job | None:
        """Scoring job of the ground truth that a study's variants are set beside."""
        truths = [point.ground_truth for point in self.points[source, study]]
        return truths[0] if all(truths) else None

    def _ladders(self, source: str, study: str) -> list[Job]:
        """What says whether metrics put recordings and noise in order; variants that ask for the same share one."""
        return [point.ladder for point in self.points[source, study] if point.ladder]

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
        latent = [job for each in measurements() for job in self._latent(source, study, each.name)]
        return [*self._scoring(source, study), *self._ladders(source, study), *latent]

    def due(self, source: str, study: str, there: Callable[[Job], bool]) -> list[Job]:
        """The jobs that a study's table takes, given whose results are `there`."""
        return self._with_upstream(self._measuring(source, study), there)

    def upstream(self, job: Job) -> list[Job]:
        """The jobs that a job rests on, at any depth."""
        return [each for each in self._with_upstream([job], lambda each: False) if each is not job]

    def _with_upstream(self, todo: list[Job], there: Callable[[Job], bool]) -> list[Job]:
        found: dict[str, Job] = {}
        while todo:
            job = todo.pop()
            if job.folder not in found and not there(job):
                found[job.folder] = job
                todo.extend(self._by_output[path] for paths in job.inputs.values() for path in as_list(paths))
        return list(found.values())

    @functools.cached_property
    def _by_output(self) -> dict[str, Job]:
        """The jobs by what they make, once all are there."""
        return {job.output: job for job in self.jobs.values()}

    def _add_source(self, source: Source) -> None:
        """Add its studies; those that the user's corpus does not fit are left out, with the reason."""
        changes = self.changes.get(source.name, {})
        if self.corpus is not None:
            self._check_without_corpus(source, changes)
        configs = {}
        for study in source.file.studies:
            try:
                variants = source.study(study).variants
                configs[study] = [source.resolve(each, self.scale, study, self.corpus, changes) for each in variants]
            except ConfigError as error:
                if self.corpus is None:
                    raise
                self.left_out[source.name, study] = str(error)
        check_changes(source.name, changes, [config for each in configs.values() for config in each])
        if self.looks is not None:
            recipes = {study: self._recipe(source, study, each) for study, each in configs.items()}
            begins = self.first_seeds(self.label, source.name, recipes)
            self.begins |= {(source.name, study): seed for study, seed in begins.items()}
        for study, of_variants in configs.items():
            self._add_study(source, study, of_variants)

    def _check_without_corpus(self, source: Source, changes: dict[str, Any]) -> None:
        """A mistake in `changes` is an error; only what then comes of the corpus leaves a study out."""
        if "autoencoder_corpora" in changes:
            raise SettingError(f"changes: {source.name}.autoencoder_corpora: corpus= takes their place, too; drop one")
        if not isinstance(changes.get("corpus", {}), dict):
            raise SettingError(f"changes: {source.name}.corpus: must be a mapping (got {changes['corpus']!r})")
        others = {name: change for name, change in changes.items() if name != "corpus"}
        for study in source.file.studies:
            for variant in source.study(study).variants:
                source.resolve(variant, self.scale, study, None, others)

    def _add_study(self, source: Source, study: str, configs: list[Any]) -> None:
        """Add the jobs of a study, given the config of each of its variants."""
        name = f"{source.name}_{study}"
        if name in self.figures:
            raise ConfigError(
                f"{source.path}: figures/{name}.pdf is also a figure of {self.figures[name][0]}"
            )
        self.figures[name] = (source.name, study)
        seeds = self.seeds_of(source.name, study)
        variants = source.study(study).variants
        self.points[source.name, study] = [
            self._add_point(source, *each, seeds) for each in zip(variants, configs, strict=True)
        ]
        if not self.sides(source.name, study):
            raise ConfigError(
                f"{source.path}: studies.{study}: no side that all its variants measure; give them one in "
                "evaluation.reconstruction or evaluation.generation"
            )

    def _add_point(self, source: Source, variant: str, config: Any, seeds: list[int]) -> Point:
        builder = PointBuilder(self.add, config, source.name, variant)
        with self._naming(source, variant):
            scores = {seed: builder.scores(seed) for seed in seeds}
            return Point(variant, config, scores, builder.ground_truth(), builder.ladder(), builder.latent)

    @contextlib.contextmanager
    def _naming(self, source: Source, variant: str) -> Iterator[None]:
        """Say whose config names a model that is not there; what is wrong with the user's corpus names itself."""
        try:
            yield
        except ConfigError as error:
            if self.corpus is not None:
                raise
            raise ConfigError(f"{source.path}: variant {variant} at scale {self.scale}: {error}") from None

    def add(
        self,
        owner: str,
        kind: str,
        word: str,
        config: Any,
        used_by: str,
        inputs: Mapping[str, Job | list[Job]],
        **options: str,
    ) -> Job:
        """The job with this config, made at the first call.

        Args:
            owner: the source that it belongs to, or SHARED.
            kind: one of KINDS.
            word: starts the folder's name, for people; it must follow from the config.
            config: what the job is given; see `Job`.
            used_by: who needs it, for people.
            inputs: the jobs whose outputs it reads, by option name.
            options: further options whose values are no files.
        """
        key = f"{word}-{key_of(config)}"
        place = (owner, kind, key)
        if place not in self.jobs:
            files = {
                name: [each.output for each in job] if isinstance(job, list) else job.output
                for name, job in inputs.items()
            }
            self.jobs[place] = Job(kind, key, config, "/".join(["runs", self.scale, *place]), files, options)
        job = self.jobs[place]
        if used_by not in job.used_by:
            job.used_by.append(used_by)
        return job


def as_list(value: str | list[str]) -> list[str]:
    """One path or several, as a list."""
    return [value] if isinstance(value, str) else value
