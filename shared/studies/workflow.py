"""What the Snakefile needs: settings from its command line, the plan, and how a job is started."""

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from pydantic import Field, field_validator

from shared.config import ConfigError, Strict, parse
from shared.files import write_text
from shared.studies.code import code_hash
from shared.studies.jobs import KINDS
from shared.studies.plan import Job, Plan
from shared.studies.schema import load_sources

SMALL_SCALES = ("smoke", "cpu")  # run on a laptop, without network and without a GPU
LABEL = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Settings(Strict):
    """What params.yaml says, and `snakemake --config scale=… seeds=… corpus=…` over it."""

    scale: str = Field(default="cpu", description="how big: a scale of study.yaml")
    seeds: list[int] = Field(default=[0], min_length=1, description="training seeds: 0 or [0,1,2] or 0,1,2")
    corpus: str | None = Field(default=None, description="a folder of audio, or a public data set's name")
    max_rejected: float | None = Field(
        default=None, ge=0, le=1, description="share of that corpus's clips that may be unusable"
    )
    changes: dict[str, dict[str, Any] | None] = Field(
        default={}, description="source → what to change in its scale's config, nested as in study.yaml"
    )
    label: str | None = Field(default=None, pattern=LABEL, description="folder of the record under results/")
    replications: str = Field(default="replications", description="where the sources lie")

    @field_validator("seeds", mode="before")
    @classmethod
    def _as_list(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",")]
        return [value] if isinstance(value, int) else value


def load_plan(config: dict[str, Any], base: Path = Path()) -> Plan:
    """The plan that Snakemake's `config` asks for; an error that the user can fix ends it with one line."""
    try:
        settings = parse(Settings, dict(config), "--config")
        seeds = sorted(set(settings.seeds))
        sources = load_sources(base / settings.replications)
        changes = {source: change for source, change in settings.changes.items() if change}
        return Plan(
            sources, settings.scale, seeds, settings.corpus, settings.max_rejected, changes, settings.label
        )
    except ConfigError as error:
        stop(error)


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


def find_study(plan: Plan, source: str, study: str) -> str:
    """Folder where a study's table and figure are made, else one line that lists the figures there are."""
    return plan.study_folder(*find_figure(plan, f"{source}_{study}"))


def code_of(kind: str) -> str:
    """Hash of the code of a kind of job: its rule reruns when this changes."""
    return code_hash(KINDS[kind][0])


def write_specs(dag: Any) -> None:
    """Write the spec of each job that Snakemake is about to run; a dry run writes none.

    They are not part of the shell command, which Snakemake shows when a job fails.
    """
    for job in dag.needrun_jobs():
        if hasattr(job.params, "spec_file"):
            write_text(Path(job.params.spec_file), job.params.spec + "\n")


def shell_command(module: str, *options: str) -> str:
    """A rule's shell command: run the module on its spec; its output is shown and kept in the log.

    `params` of the rule need `spec_file`; braces are left for Snakemake to fill. Python comes from the
    environment, since a changed command reruns the rule and where Python lies must not.
    """
    arguments = " ".join(options)
    threads = " ".join(f"{name}={{threads}}" for name in THREAD_VARIABLES)
    return (
        f'export {threads}; "$REPLICATE_PYTHON" -m {module} --spec {{params.spec_file:q}} {arguments} '
        # tee outlives Ctrl-C, so that the last words of an interrupted job are kept.
        "2>&1 | tee -i {log:q} >&2"
    )


def job_command(module: str, *options: str) -> str:
    """`shell_command` of a job that writes `{output}`, followed by a note of where that comes from."""
    command = shell_command(module, *options, "--output {output:q} --threads {threads}")
    return command + ' && "$REPLICATE_PYTHON" -m shared.studies.origin {output:q} --code {params.code}'


def job_environment(plan: Plan) -> dict[str, str]:
    """Environment of every job."""
    variables = {
        "REPLICATE_PYTHON": os.environ.get("REPLICATE_PYTHON", sys.executable),
        # A malloc that keeps its pages: without it a CPU spends its time on page faults of large tensors.
        "MALLOC_TRIM_THRESHOLD_": "4294967296",
        "MALLOC_MMAP_THRESHOLD_": "4294967296",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # cuBLAS is deterministic only with it
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "TOKENIZERS_PARALLELISM": "false",
        # torch's RMSNorm says at every start that bf16 input and float32 weights take its unfused kernel.
        "PYTHONWARNINGS": "ignore:Mismatch dtype between input and weight:UserWarning",
        "MPLBACKEND": "Agg",
    }
    public = plan.corpus is not None and plan.corpus["kind"] == "hub"
    if plan.scale in SMALL_SCALES and not public:
        variables |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    return variables


def threads_of(plan: Plan) -> int:
    """Threads of a job. One at the small scales: small models gain little from two, and jobs run in parallel."""
    return 1 if plan.scale in SMALL_SCALES else 8


def gpus_of(plan: Plan) -> int:
    """GPUs of a job that runs models."""
    return 0 if plan.scale in SMALL_SCALES else 1
