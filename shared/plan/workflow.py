"""What the Snakefile needs: settings from its command line, the plan, and how a job is started."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, NoReturn

from pydantic import Field, field_validator

from shared.config import ConfigError, Name, Seed, SettingError, Strict, parse
from shared.evaluators.package import package_folder
from shared.files import write_json, write_text
from shared.lifetime import STARTED_BY, process_name
from shared.metrics.base import chosen, find_metric
from shared.plan import fork_server
from shared.plan.dotted import merge
from shared.plan.lease import devices
from shared.plan.memory import SMALL_SCALES
from shared.plan.own_latents import Request, write_study
from shared.plan.plan import FirstSeeds, Plan
from shared.plan.point import Job
from shared.plan.schema import load_sources
from shared.statistics.looks import LOOKS
from shared.yaml_file import load_yaml, parse_yaml

LABEL = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
TRAINED = ("autoencoder", "generator")  # kinds of jobs that can run as several processes
SWAPPED = "swapped"  # of sampling.prompt
TEXTS = ("scale", "corpus", "label", "replications", "latents")  # settings that are names and paths
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Settings(Strict):
    """What params.yaml says, and `snakemake --config scale=… seeds=… corpus=…` over it."""

    scale: Name = Field(default="cpu", description="how big: a scale of study.yaml")
    seeds: list[Seed] | None = Field(
        default=None, min_length=1, description="training seeds: 0 or [0,1,2] or 0,1,2; by default each study's own"
    )
    corpus: str | None = Field(default=None, description="a folder of audio, or a public data set's name")
    max_rejected: float | None = Field(
        default=None, ge=0, le=1, description="share of that corpus's clips that may be unusable"
    )
    changes: dict[str, dict[str, Any] | None] = Field(
        default={}, description="source → what to change in its scale's config, nested as in study.yaml"
    )
    label: str | None = Field(default=None, pattern=LABEL, description="folder of the record under results/")
    pilot: bool = Field(
        default=False, description="evaluate validation clips, with seeds of 100 and up: to tune a recipe"
    )
    looks: int | None = Field(
        default=None, ge=1, le=len(LOOKS), description="so many looks, set beforehand: 4, 8 or 12 fresh seeds"
    )
    latents: list[str] | None = Field(
        default=None, min_length=2, description="autoencoders of yours, to compare in figures/mine.pdf: a,b,c"
    )
    generator: Literal["infilling", "next_token"] = Field(default="infilling", description="of the latents compared")
    content: Literal["speech", "sound"] = Field(default="speech", description="of the latents compared")
    processes: int = Field(default=1, ge=1, description="of each training job, one a GPU where there are GPUs")
    fork: bool = Field(default=True, description="whether jobs of the small scales are forked off one process")
    replications: str = Field(default="replications", description="where the sources lie")

    @field_validator("seeds", mode="before")
    @classmethod
    def _as_list(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [int(part) if part.strip("- ").isdecimal() else part.strip() for part in value.split(",")]
        return [value] if isinstance(value, int) else value

    @field_validator("latents", mode="before")
    @classmethod
    def _places(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) and value != "null" else value

    @field_validator("latents", "seeds", "corpus", "max_rejected", "label", "looks", mode="before")
    @classmethod
    def _null(cls, value: Any) -> Any:
        return None if value == "null" else value  # as Snakemake passes it on


def load_settings(config: dict[str, Any], typed: Iterable[str] = (), params: Path | None = None) -> Settings:
    """The settings, checked; an error that the user can fix ends the program with one line.

    Args:
        config: Snakemake's `config`: what it made of `typed`, and of a `--configfile`.
        typed: the `name=value` of its command line, which are read again: names and paths are taken as they were
            typed, while Snakemake makes 2024 a number and cuts `/set #1` at the blank; the rest is YAML, of which it
            makes texts, numbers too.
        params: params.yaml, below all of that; Snakemake's own `configfile:` ends in a traceback where it is damaged.
    """
    try:
        written = {} if params is None or not os.path.lexists(params) else load_yaml(params) or {}
        parse(Settings, written, str(params))
        entries = {name: value for name, _, value in (entry.partition("=") for entry in typed)}
        read = {name: _typed(name, value) for name, value in entries.items() if value}
        return parse(Settings, merge(written, {**config, **read}), "--config")
    except ConfigError as error:
        stop(error)


def _typed(name: str, value: str) -> Any:
    return value.strip("'\"") if name in TEXTS else parse_yaml(value, f"--config {name}")


def check_free(source: str, rules: Iterable[Any]) -> None:
    """End the program with one line if a source is called as a rule of the workflow: its figures are a rule, too."""
    if source in {rule.name for rule in rules}:
        stop(ConfigError(f"replications/{source}/study.yaml: source: a rule of the workflow is called {source}, too"))


def load_plan(settings: Settings, base: Path = Path(), first_seeds: FirstSeeds | None = None) -> Plan:
    """The plan that the settings ask for; an error that the user can fix ends the program with one line."""
    changes = {source: change for source, change in settings.changes.items() if change}
    try:
        if settings.latents:
            request = Request(tuple(settings.latents), generator=settings.generator, content=settings.content)
            write_study(request, base / settings.replications)
        sources = load_sources(base / settings.replications)
        plan = Plan(
            sources, settings.scale, settings.seeds, settings.corpus, settings.max_rejected, changes, settings.label,
            settings.pilot, settings.looks, first_seeds,
        )  # fmt: skip
        check_processes(plan, settings.processes)
    except SettingError as error:
        stop(ConfigError(f"params.yaml or --config: {error}"))
    except ConfigError as error:
        stop(error)
    return plan


def say_left_out(plan: Plan, dag: Any) -> None:
    """Name what the user's corpus does not fit, of the figures that Snakemake was asked for."""
    rules = {job.rule.name for job in dag.jobs}
    made = {str(file) for job in dag.jobs for file in job.output}
    for (source, study), reason in plan.left_out.items():
        if rules & {"all", source}:
            print(f"figures/{source}_{study}.pdf is left out: {reason}", file=sys.stderr)
    for source, study in plan.points:
        figure = f"figures/{source}_{study}.pdf"
        for metric in plan.dropped(source, study) if figure in made else ():
            print(f"{figure} goes without {metric}: recordings have no notes", file=sys.stderr)


def check_processes(plan: Plan, processes: int) -> None:
    """Whether each training's micro-batches can be shared by so many processes.

    Raises:
        ConfigError: one of them can't.
    """
    for (source, study), points in plan.points.items():
        for point in points:
            parts = TRAINED if point.config.evaluation.generation else TRAINED[:1]
            for part in (each for each in parts if hasattr(getattr(point.config, each), "training")):
                accumulation = getattr(point.config, part).training.accumulation
                if accumulation % processes:
                    raise SettingError(
                        f"processes: {processes} can't share the {accumulation} micro-batches of {source} {study} "
                        f"{point.variant}; set {part}.training.accumulation to a multiple of {processes}"
                    )


def stop(error: ConfigError) -> NoReturn:
    """End the program with the error's own words and no traceback."""
    sys.exit(f"error: {error}")


def find_job(plan: Plan, owner: str, kind: str, key: str) -> Job:
    """The job of a run folder, else one line that says there is none."""
    try:
        return plan.job(owner, kind, key)
    except ConfigError as error:
        stop(error)


def find_figure(plan: Plan, name: str) -> tuple[str, str]:
    """`(source, study)` of a figure, else one line that lists the figures there are."""
    try:
        return plan.figure(name)
    except ConfigError as error:
        stop(error)


def figures_of(plan: Plan, source: str) -> list[str] | Callable[[Any], tuple[str, str]]:
    """A source's figures, as a rule's input; where the scale or the corpus gives none, one line that says why."""
    figures = [f"figures/{name}.pdf" for name, (owner, _) in plan.figures.items() if owner == source]
    missing = f"{source}_{next(iter(plan.sources[source].file.studies))}"
    return figures or (lambda wildcards: find_figure(plan, missing))


def find_study(plan: Plan, source: str, study: str) -> str:
    """Folder where a study's table and figure are made, else one line that lists the figures there are."""
    return plan.study_folder(*find_figure(plan, f"{source}_{study}"))


def write_specs(plan: Plan, dag: Any) -> None:
    """Write the spec of each job that Snakemake is about to run, and what is asked of a corpus; a dry run writes none.

    They are not part of the shell command, which Snakemake shows when a job fails.
    """
    try:
        for job in dag.needrun_jobs():
            if hasattr(job.params, "spec_file"):
                write_text(Path(job.params.spec_file), job.params.spec + "\n")
            if hasattr(job.params, "asked_file"):
                write_json(Path(job.params.asked_file), asked_of(plan, dag, job.output[0]))
    except ConfigError as error:
        stop(error)


def asked_of(plan: Plan, dag: Any, corpus: str) -> dict[str, str | None]:
    """What is asked of a corpus, as `shared.corpora.evaluable` wants it, by the jobs that Snakemake will run.

    Where corpora alone are made, it is what all of the plan's jobs ask.
    """
    kinds = {"score": "scores", "sample": "samples"}
    running = [job for job in dag.jobs if job.rule.name in kinds]
    planned = [plan.job(job.wildcards.owner, kinds[job.rule.name], job.wildcards.key) for job in running]
    asked: dict[str, str | None] = {}
    for job in planned or plan.jobs.values():
        if job.inputs.get("corpus") == corpus and job.kind == "scores":
            models = job.spec["models"]
            own = (find_metric(name) for name in job.spec["metrics"])
            # A model of the hub is not trained on the corpus.
            asked |= {each.name: each.demands for each in own if not isinstance(models.get(each.evaluator), str)}
        elif job.inputs.get("corpus") == corpus and job.kind == "samples" and job.spec["sampling"]["prompt"] == SWAPPED:
            asked[SWAPPED] = "three_texts"
    return dict(sorted(asked.items()))


def shell_command(module: str, *options: str, note: str = "") -> str:
    """A rule's shell command: run the module on its spec, between checks of what it reads and writes.

    Its output is shown and kept in the log. `params` of the rule need `spec_file` and `launch`; braces are left for
    Snakemake to fill.
    """
    arguments = " ".join(options)
    threads = " ".join(f"{name}={{threads}}" for name in THREAD_VARIABLES)
    return (
        f"export {threads}; {{params.launch}} {note} --inputs {{input:q}} --outputs {{output:q}} "
        f"-- {module} --spec {{params.spec_file:q}} {arguments} "
        # tee outlives Ctrl-C, so that the last words of an interrupted job are kept.
        "2>&1 | tee -i {log:q} >&2"
    )


def launcher(plan: Plan, kind: str = "", processes: int = 1) -> str:
    """What starts a job of this kind: Python, on GPUs that it leases if the scale needs any, as several processes.

    Python comes from the environment, since a changed command reruns the rule and where Python lies must not.
    """
    processes = processes if kind in TRAINED else 1
    gpus = gpus_of(plan) * processes if kind else 0
    words = ['"$REPLICATE_PYTHON"']
    if gpus:
        words += [f"-m shared.plan.lease --gpus {gpus} --", '"$REPLICATE_PYTHON"']
    words.append("-m shared.cli.run_job")
    if processes > 1:
        words.append(f"--processes {processes}")
    return " ".join(words)


def check_gpus(plan: Plan) -> None:
    """End the program with one line if jobs are about to run here, need a GPU and find none."""
    if gpus_of(plan) and not devices():
        stop(
            ConfigError(
                f"scale {plan.scale} needs a CUDA device and this machine shows none (nvidia-smi, "
                "CUDA_VISIBLE_DEVICES); scales smoke and cpu need none, profiles/slurm sends jobs to a cluster"
            )
        )


def check_packages(plan: Plan, dag: Any) -> None:
    """End the program with one line if a metric needs a package that is missing, of a job that is about to run here.

    Where the user says what Python is, only that Python knows.
    """
    if os.environ[fork_server.VARIABLE] != sys.executable:
        return
    due = [job.wildcards for job in dag.needrun_jobs() if job.rule.name == "score"]
    asked = {name for each in due for name in plan.job(each.owner, "scores", each.key).spec["metrics"]}
    try:
        for metric in chosen(asked):
            if metric.package:
                package_folder(metric.package, metric.name)
    except ConfigError as error:
        stop(error)


def fork_jobs(plan: Plan, settings: Settings, dag: Any) -> None:
    """Have the jobs that Snakemake is about to run forked off one process, where that is quicker and as good.

    CUDA does not work in a fork if an import has woken it, and a training in several processes starts its own. One job
    alone imports no more than the server would. Where the user says what Python is, that is what is started.
    """
    asked = settings.fork and settings.processes == 1 and os.environ[fork_server.VARIABLE] == sys.executable
    several = sum(job.benchmark is not None for job in dag.needrun_jobs()) > 1  # of those that run models
    if asked and several and plan.scale in SMALL_SCALES and not devices():
        fork_server.start()


def job_command(module: str, *options: str, output: str = "{output:q}") -> str:
    """`shell_command` of a job that writes `output` and notes where that comes from."""
    options = (*options, f"--output {output} --threads {{threads}}")
    return shell_command(module, *options, note="--code {params.code}")


def job_environment(plan: Plan) -> dict[str, str]:
    """Environment of every job."""
    variables = {
        STARTED_BY: process_name(),
        fork_server.VARIABLE: os.environ.get(fork_server.VARIABLE, sys.executable),
        # A malloc that keeps its pages: without it a CPU spends its time on page faults of large tensors.
        "MALLOC_TRIM_THRESHOLD_": "4294967296",
        "MALLOC_MMAP_THRESHOLD_": "4294967296",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # cuBLAS is deterministic only with it
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "TOKENIZERS_PARALLELISM": "false",
        # Pydantic looks for plugins in the metadata of all packages, at every start for a tenth of a second.
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
        # torch's RMSNorm says at every start that bf16 input and float32 weights take its unfused kernel.
        "PYTHONWARNINGS": "ignore:Mismatch dtype between input and weight:UserWarning",
        "MPLBACKEND": "Agg",
    }
    public = plan.corpus is not None and plan.corpus["kind"] == "hub"
    if plan.scale in SMALL_SCALES and not public:
        variables |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    return variables


def threads_of(plan: Plan) -> int:
    """Threads of a job. One at the small scales: small models gain little from two, and jobs run in parallel.

    Two where a GPU computes: the CPU draws batches and launches kernels, and several jobs share the device.
    """
    return 1 if plan.scale in SMALL_SCALES else 2


def corpus_threads_of(plan: Plan) -> int:
    """Threads of a job that makes a corpus, which all others wait for."""
    return 1 if plan.scale in SMALL_SCALES else 8


def gpus_of(plan: Plan) -> int:
    """GPUs of a job that runs models."""
    return 0 if plan.scale in SMALL_SCALES else 1
