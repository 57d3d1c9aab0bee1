"""The peak memory of each kind of job at scale `cpu`, beside what `shared/plan/memory.py` says it takes at the least.

    OMP_NUM_THREADS=1 PYTHONPATH=. .venv/bin/python benchmarks/memory.py --work FOLDER [--sources longcat ...]

Runs one variant of each source, the one that is expected to take most, job by job. Models and batches are those of the
scale. To be quick, trainings take a few steps, of which the last writes a checkpoint, corpora have some hundred clips,
and a few are evaluated; what grows with the corpus is in docs/GROWTH.md. A job's peak is its `ru_maxrss`, with all that
Python imports. What FOLDER has of an earlier call is not run again.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from shared.files import write_json
from shared.plan.jobs import KINDS
from shared.plan.memory import needs
from shared.plan.plan import Plan, as_list
from shared.plan.point import Job
from shared.plan.schema import load_sources
from shared.training.recipes import KEPT

ROOT = Path(__file__).parents[1]
VARIANTS = {
    "longcat": "rate23.44", "latentlm": "hz37_5", "semavoice": "hz60", "semantic_vae": "cosine", "target_kl": "kl80",
    "same": "shaped", "rave": "protected",
}  # fmt: skip
STEPS, CLIPS = 12, 24
SMALLER = {"utterances": 400, "clips": 240, "voices": 24, "held_out_voices": 6, "validation": 24, "test": 48}
TRAINED = ("autoencoder", "generator")  # the kinds that are told where checkpoints go
MALLOC = {"MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_MMAP_THRESHOLD_": "4294967296"}  # as the rules set it


def shorter(spec: Any) -> Any:
    """A job's spec with fewer steps and clips, and smaller corpora."""
    if isinstance(spec, list):
        return [shorter(each) for each in spec]
    if not isinstance(spec, dict):
        return spec
    changed = {name: shorter(each) for name, each in spec.items()}
    if "steps" in spec and spec.get("learning_rate"):
        changed |= {"steps": STEPS, "learning_rate": spec["learning_rate"] | {"warmup": 1}}
    if spec.get("stages"):
        changed["stages"] = [each | {"steps": STEPS // len(spec["stages"])} for each in changed["stages"]]
    if spec.get("snapshots"):
        changed["snapshots"] = spec["snapshots"] | {"every": STEPS // 2}
    if "detach_steps" in spec:
        changed["detach_steps"] = 1
    if "grammar" in spec or "parts" in spec or "events" in spec:
        return changed | {name: size for name, size in SMALLER.items() if name in spec}
    return changed | ({"clips": CLIPS} if isinstance(spec.get("clips"), int) else {})


def needed(plan: Plan, source: str) -> list[Job]:
    """The jobs of a source's variant, each after those that it rests on."""
    by_output = {job.output: job for job in plan.jobs.values()}
    found: dict[str, Job] = {}

    def add(job: Job) -> None:
        for path in (path for each in job.inputs.values() for path in as_list(each)):
            add(by_output[path])
        found[job.output] = job

    for (name, _), points in plan.points.items():
        for point in points:
            if (name, point.variant) == (source, VARIANTS[source]):
                for job in (*point.scores[0].values(), *(jobs[0] for jobs in point.latent.values() if jobs)):
                    add(job)
    return list(found.values())


def command_of(job: Job, spec: Any) -> list[str]:
    """Write a spec into a job's folder; the module that runs it, and the module's options."""
    write_json(Path(job.folder, "spec.json"), spec)
    inputs = dict(job.inputs)
    if job.kind == "compactness":
        inputs = {"snapshots": str(Path(job.inputs["autoencoder"]).with_name(KEPT))}
    options = [word for name, paths in inputs.items() for word in (f"--{name}", *as_list(paths))]
    options += ["--checkpoints", f"{job.folder}/checkpoints"] if job.kind in TRAINED else []
    return [KINDS[job.kind][0], "--spec", f"{job.folder}/spec.json", *options, "--output", job.output]


def run(job: Job) -> float:
    """Run a job in the current folder; its peak in MB."""
    noted = Path(job.folder, "peak.json")
    if noted.exists():
        return json.loads(noted.read_text(encoding="utf-8"))
    command = [sys.executable, "-m", *command_of(job, shorter(job.spec))]
    process = os.posix_spawn(sys.executable, command, os.environ | MALLOC)
    _, status, usage = os.wait4(process, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    write_json(noted, usage.ru_maxrss * 1024 / 1e6)
    return usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder to work in")
    parser.add_argument("--sources", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, help="to measure, with what they rest on (default: all)")
    arguments = parser.parse_args()
    plan = Plan(load_sources(ROOT / "replications"), "cpu", seeds=[0])
    arguments.work.mkdir(parents=True, exist_ok=True)
    os.chdir(arguments.work)
    by_output = {job.output: job for job in plan.jobs.values()}
    print("kind              source         peak MB  at the least MB")
    for source in arguments.sources:
        jobs = needed(plan, source)
        wanted = {job.output for job in jobs if not arguments.kinds or job.kind in arguments.kinds}
        for job in reversed(jobs):  # with what they rest on
            if job.output in wanted:
                wanted |= {path for each in job.inputs.values() for path in as_list(each) if path in by_output}
        config = next(point.config for (name, _), points in plan.points.items() for point in points
                      if (name, point.variant) == (source, VARIANTS[source]))  # fmt: skip
        for job in (job for job in jobs if job.output in wanted):
            peak = run(job)
            least = [need.size for need in needs(config) if need.fields.startswith(f"{job.kind}.")]
            last = f"{max(least) / 1e6:12.0f}" if least else job.key.partition("-")[0]
            print(f"{job.kind:17s} {source:13s} {peak:8.0f}", last, flush=True)


if __name__ == "__main__":
    main()
