# Helpers of the rules: each looks a job up in the plan by its wildcards.
import os
from pathlib import Path
from shlex import quote

from snakemake.io import IOFile

from shared.plan.clips_spec import clips_inputs, clips_spec
from shared.config import digest
from shared.files import sha256
from shared.measurements.base import measurements
from shared.metrics.base import metrics, modules_of
from shared.code import code_hash
from shared.plan.jobs import KINDS
from shared.plan.own_latents import OWN
from shared.plan.own_latents import STUDY as STUDY_OF_LATENTS
from shared.plan.plan import as_list
from shared.report.grow import KEPT_KINDS, Growth
from shared.plan.workflow import (
    corpus_threads_of,
    find_figure,
    find_job,
    find_study,
    gpus_of,
    job_command,
    job_environment,
    launcher,
    shell_command,
    threads_of,
    write_specs,
)
from shared.statistics.relations.base import modules_of_relations, relations
from shared.training.recipes import KEPT

THREADS = threads_of(PLAN)
GPUS = gpus_of(PLAN)
GROWTH = Growth(PLAN)
os.environ.update(job_environment(PLAN))


def inputs(kind):
    """Input function: files of the jobs upstream, by name; none of a job whose result is taken from the record."""

    def files(wildcards):
        job = find_job(PLAN, wildcards.owner, kind, wildcards.key)
        if job.kind not in KEPT_KINDS or not GROWTH.takes(job):
            return job.inputs
        # What Snakemake knows of an earlier run here is no reason to make it again.
        workflow.persistence.cleanup_metadata(IOFile(job.output, rule=workflow.get_rule("score")))
        return {}

    return files


def beside(name):
    """Param function: a path beside the job's output."""
    return lambda wildcards, output: os.path.join(os.path.dirname(output[0]), name)


def job_params(kind):
    """The params of a job's rule. A job reruns when the hash of its code changes.

    The other functions take `output`, which tells Snakemake that they follow from it and trigger nothing. For the run
    folder's name holds a hash of what the spec says, and the label changes when another study needs the same job.
    """
    return {
        "code": lambda wildcards: find_job(PLAN, wildcards.owner, kind, wildcards.key).code,
        "spec": lambda wildcards, output: find_job(PLAN, wildcards.owner, kind, wildcards.key).spec_text,
        "spec_file": beside("spec.json"),
        "launch": lambda wildcards, output: launcher(PLAN, kind, SETTINGS.processes),
        "label": lambda wildcards, output: find_job(PLAN, wildcards.owner, kind, wildcards.key).label,
    }


def model_for(kind, name):
    """Param function: the file of a model trained here that a job of this kind uses, or the id of one from the hub."""

    def reference(wildcards, input):
        return input.get(name) or find_job(PLAN, wildcards.owner, kind, wildcards.key).options[name]

    return reference


def keys_with_snapshots():
    """Regular expression that matches the keys of the autoencoders whose recipe asks for snapshots, and no others.

    Where there are none, it matches nothing.
    """
    trained = [job for job in PLAN.jobs.values() if job.kind == "autoencoder"]
    return "|".join(job.key for job in trained if job.config["autoencoder"].snapshots) or "(?!)"


def measured_files(measurement):
    """Input function: what a measurement of latents is given; of a training what that kept of its encoder."""

    def files(wildcards):
        given = inputs(measurement.name)(wildcards)
        if not given or measurement.subject != "training":
            return given
        return {"snapshots": os.path.join(os.path.dirname(given["autoencoder"]), KEPT)}

    return files


def options_of_inputs(wildcards, input):
    """Param function: each input as the option of its name."""
    return " ".join(f"--{name} {' '.join(map(quote, as_list(paths)))}" for name, paths in input.items())


def optional(name):
    """Param function: the option of an input that only some jobs have, or nothing."""
    return lambda wildcards, input: f"--{name} {quote(input[name])}" if name in input.keys() else ""


def evaluators_trained_here(wildcards, input):
    """Param function: the options of those models that a scoring job uses and that are trained here."""
    given = ((name, path) for name, path in input.items() if name not in ("corpus", "clips"))
    return " ".join(f"--{name} {quote(path)}" for name, path in given)


def table_inputs(wildcards):
    """Scores of a study and what is measured of latents, with what the paper says."""
    return PLAN.study_inputs(wildcards.source, wildcards.study)


def latent_inputs(wildcards):
    """The curves that a study's figure may show, if any are measured for it."""
    files = table_inputs(wildcards)
    return [path for each in measurements() if not each.by_clip for path in files[each.name]]


def study_params(module):
    """The params of a rule that works on a study, which the folder's name holds a hash of."""
    return {
        "code": lambda wildcards: PLAN.study_code(wildcards.source, wildcards.study, module),
        "spec": lambda wildcards, output: PLAN.study_spec(wildcards.source, wildcards.study).model_dump_json(
            indent=1
        ),
        "spec_file": beside("spec.json"),
        "launch": lambda wildcards, output: launcher(PLAN),
    }


def summary_code():
    """Hash of the code that ranks latents; it shows whichever metrics and relations the record has."""
    return code_hash(
        "shared.report.summary",
        others=modules_of(each.name for each in metrics()) | modules_of_relations(relations()),
    )


def record_hash(label):
    """Hash of the tables and scores under results/<label>/."""
    files = sorted(Path("results", label).glob("*/**/*.csv"))
    return digest([[path.as_posix(), sha256(path)] for path in files])


def study_files(*names):
    """Input functions: files of a study, each named after itself (table.csv: `table_csv`)."""

    def path_of(name):
        return lambda wildcards: os.path.join(find_study(PLAN, wildcards.source, wildcards.study), name)

    return {name.replace(".", "_"): path_of(name) for name in names}


def heard_inputs(wildcards):
    """Where the clips of a study are described; nowhere where they are taken from the record."""
    if GROWTH.takes_clips(wildcards.source, wildcards.study):
        return {}
    return clips_inputs(PLAN, wildcards.source, wildcards.study)


def heard_spec(wildcards, output):
    """Whose clips are kept to be heard."""
    return clips_spec(PLAN, wildcards.source, wildcards.study).model_dump_json(indent=1)


def report_labels(what):
    """How a file is listed in Snakemake's report."""
    return {"study": "{study}", "what": what}


def layout_of(wildcards):
    """The source's figures.py."""
    return str(PLAN.sources[wildcards.source].folder / "figures.py")
