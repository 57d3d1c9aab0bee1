"""What a study of 100 variants takes on 64 Slurm nodes, simulated on the jobs and dependencies of its plan.

    OMP_NUM_THREADS=1 PYTHONPATH=. .venv/bin/python benchmarks/cluster.py

The study is LongCat's Figure 3 with so many latent dimensions at scale `cpu`, with three seeds; nothing of it is run.
How long a job takes is its kind's mean in the record's provenance. What Slurm adds is measured on jobs that do nothing,
on a cluster of one node that is started here, if `slurm-wlm`, `munge` and snakemake-executor-plugin-slurm 2.8.0 are
installed; SUBMIT is from there. The simulation is list scheduling by the rules' priorities, one job a node: Snakemake
submits one job after another, has no more on the cluster than there are nodes, and learns of their ends when it asks:
after 40 seconds unless told otherwise, and later each time that none has ended.
"""

import argparse
import heapq
import importlib.util
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import psutil
import yaml

from shared.metrics.rungs import RUNGS
from shared.plan.plan import Plan, as_list
from shared.plan.point import LADDER_CLIPS
from shared.plan.schema import load_sources
from tests.workflow.slurm_cluster import Cluster, missing

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "results/cpu/longcat/fig3_provenance.json"
FORMER = {"recogniser": "asr"}  # what the record calls a kind of job
CLIPS = 200  # that a job of scores scores at scale `cpu`
STUDY = "many"
# Of the rules (rules/*.smk); what is not here has none.
PRIORITIES = {"corpus": 100, "autoencoder": 90, "latents": 80, "asr": 75, "speaker": 75, "generator": 70, "samples": 60,
              "scores": 20, "ground_truth": 10, "reconstructions": 10}
LAST = "table and figure"
SUBMIT = 0.018  # process seconds of a submission to Slurm; 13 ms a job are beside it, also without Slurm
STARTS = 2  # of Snakemake for a job on Slurm: in the job, and once more in its step
POLLS = (40, 10)  # seconds after which the plugin asks Slurm: unless told otherwise, and as short as is kind to it
LONGER, LONGEST = 10.0, 180.0  # how much longer it waits each time that no job has ended, and how long at the most
SLEEP = 3  # seconds of a job that does nothing on Slurm
PLUGIN = "snakemake_executor_plugin_slurm"
ON_SLURM = """--executor slurm --slurm-no-account --slurm-status-command squeue --latency-wait 60
              --default-resources mem_mb=100 runtime=10"""
SUBMITTED = re.compile(r"Job (\d+) has been submitted with SLURM jobid (\d+)")
FINISHED = re.compile(r"Finished jobid: (\d+)")
# In place of sbatch: a job on Slurm does nothing for a while, without the Snakemakes that would start for it, since a
# small machine can't start more than one in some seconds.
SBATCH = """#!/usr/bin/env bash
for word; do
  case "$word" in
    --wrap=*) ;;
    *) options+=("$word") ;;
  esac
  case "$word" in rule_nothing_wildcards_*) number=${{word##*_}} ;; esac
done
exec {sbatch} "${{options[@]}}" --wrap="sleep {seconds}; mkdir -p done; touch done/$number"
"""
DUMMY = """
N = {jobs}
rule all:
    input: expand("done/{{number}}", number=range(N))
rule nothing:
    output: "done/{{number}}"
    shell: "touch {{output}}"
"""


class Job(NamedTuple):
    """What the simulation knows of a job: seconds that it works, its priority, and the jobs it waits for."""

    kind: str
    seconds: float
    priority: int
    needs: frozenset[str]


class Costs(NamedTuple):
    """Seconds of the scheduler: to submit a job, to start one on its node, and between two looks at what has ended."""

    submit: float = 0.0
    start: float = 0.0
    poll: float = 0.0


def make_study(folder: Path, variants: int) -> None:
    """Write replications with LongCat alone and, beside its own, a study of so many latent dimensions."""
    shutil.copytree(ROOT / "replications/longcat", folder / "longcat")
    shutil.copy(ROOT / "replications/base.yaml", folder)
    path = folder / "longcat/study.yaml"
    study = yaml.safe_load(path.read_text(encoding="utf-8"))
    names = [f"many{number}" for number in range(1, variants + 1)]
    study["studies"][STUDY] = {"title": "Many dimensions", "seeds": {"cpu": [0, 1, 2]}, "variants": names}
    for number, name in enumerate(names, start=1):
        study["variants"][name] = {
            "extends": "dim64", "label": name, "cpu": {"autoencoder.bottleneck.dim": number}
        }  # fmt: skip
    path.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    with open(folder / "longcat/figures.py", "a", encoding="utf-8") as file:
        file.write(f"\n\ndef {STUDY}(table: StudyTable) -> Figure:\n    return sweep_figure(table, PANELS)\n")


def jobs_of(plan: Plan, seconds: dict[str, float]) -> dict[str, Job]:
    """The jobs that the study's figure needs, by output, and one for its table and figure."""
    wanted = set(plan.study_spec("longcat", STUDY).jobs)
    jobs = {}
    for job in plan.jobs.values():
        if Path(job.folder) in wanted:
            needs = frozenset(path for each in job.inputs.values() for path in as_list(each))
            jobs[job.output] = Job(job.kind, seconds[job.kind], PRIORITIES.get(job.kind, 0), needs)
    return jobs | {LAST: Job(LAST, seconds[LAST], 0, frozenset(jobs))}


def grouped(jobs: dict[str, Job]) -> dict[str, Job]:
    """The same with all that follows from one autoencoder and from nothing else as one job, done one after another."""
    group = {name: name for name in jobs}
    for name in (name for name, job in jobs.items() if job.kind != LAST):  # the plan lists a job after its inputs
        trained = {group[each] for each in jobs[name].needs if jobs[group[each]].kind == "autoencoder"}
        if len(trained) == 1:
            (group[name],) = trained
    members: dict[str, list[str]] = {}
    for name, first in group.items():
        members.setdefault(first, []).append(name)
    return {
        first: Job(
            jobs[first].kind,
            sum(jobs[each].seconds for each in names),
            jobs[first].priority,
            frozenset(group[need] for each in names for need in jobs[each].needs) - {first},
        )
        for first, names in members.items()
    }


def critical_path(jobs: dict[str, Job]) -> tuple[float, list[str]]:
    """Seconds of the longest chain of jobs that wait for each other, and its kinds."""
    ends: dict[str, float] = {}
    before: dict[str, str | None] = {}

    def end(name: str) -> float:
        if name not in ends:
            before[name] = max(jobs[name].needs, key=end, default=None)
            ends[name] = jobs[name].seconds + (ends[before[name]] if before[name] else 0)
        return ends[name]

    last: str | None = max(jobs, key=end)
    seconds, kinds = ends[last], []
    while last:
        kinds.append(jobs[last].kind)
        last = before[last]
    return seconds, kinds[::-1]


def simulate(jobs: dict[str, Job], nodes: int, costs: Costs) -> float:
    """Seconds until the last job has ended, and Snakemake knows it."""
    waiting = {name: set(job.needs) for name, job in jobs.items()}
    followers: dict[str, list[str]] = {name: [] for name in jobs}
    for name, job in jobs.items():
        for need in job.needs:
            followers[need].append(name)
    ready = [(-jobs[name].priority, number, name) for number, name in enumerate(jobs) if not waiting[name]]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    order = {name: number for number, name in enumerate(jobs)}
    now, look, pause = 0.0, costs.poll, costs.poll
    while ready or running:
        while ready and len(running) < nodes:
            name = heapq.heappop(ready)[-1]
            now += costs.submit
            heapq.heappush(running, (now + costs.start + jobs[name].seconds, name))
        while costs.poll and look < running[0][0]:
            pause = min(pause + LONGER, LONGEST)
            look += pause
        now = max(now, look if costs.poll else running[0][0])
        pause, look = costs.poll, now + costs.poll
        while running and running[0][0] <= now:
            _, ended = heapq.heappop(running)
            for name in followers[ended]:
                waiting[name].discard(ended)
                if not waiting[name]:
                    heapq.heappush(ready, (-jobs[name].priority, order[name], name))
    return now


def run(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall and process seconds of a command, its children's included."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = sum(getattr(after, name) - getattr(before, name) for name in ("ru_utime", "ru_stime"))
    return time.perf_counter() - start, spent


SNAKEMAKE = [sys.executable, "-m", "snakemake"]


def dummies(folder: Path, jobs: int) -> tuple[float, float]:
    """Wall and process seconds a job of so many that do nothing, less what Snakemake takes for one."""
    spent = []
    for number in (1, jobs):
        place = folder / f"{number}"
        place.mkdir(parents=True)
        (place / "Snakefile").write_text(DUMMY.format(jobs=number), encoding="utf-8")
        spent.append(run([*SNAKEMAKE, "--quiet", "all", "--cores", "64"], place))
    wall, process = ((many - one) / (jobs - 1) for one, many in zip(*spent, strict=True))
    return wall, process


class OnSlurm(NamedTuple):
    """Seconds: to submit a job, as wall and process time, and from each one's end until Snakemake knows of it."""

    wall: float
    process: float
    unnoticed: list[float]


def dummies_on_slurm(cluster: Cluster, folder: Path, jobs: int, poll: int) -> OnSlurm:
    """Submit so many that do nothing, none of which starts before all are there, and see when they end.

    Slurm knows of an end in whole seconds, so that half a second of each that is unnoticed is not so.
    """
    folder.mkdir(parents=True)
    (folder / "Snakefile").write_text(DUMMY.format(jobs=jobs), encoding="utf-8")
    sbatch = cluster.folder / "bin/sbatch"
    sbatch.rename(sbatch.with_name("slurms_sbatch"))
    sbatch.write_text(SBATCH.format(sbatch=sbatch.with_name("slurms_sbatch"), seconds=SLEEP), encoding="utf-8")
    sbatch.chmod(0o755)
    cluster.ask("scontrol", "update", "PartitionName=all", "State=DOWN")
    options = [*ON_SLURM.split(), "--jobs", str(jobs), "--slurm-init-seconds-before-status-checks", str(poll)]
    numbers: dict[str, str] = {}
    submitted, noticed = [], {}  # (wall, process) seconds; wall seconds
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen([*SNAKEMAKE, *options], cwd=folder, env=cluster.environment, text=True, **pipes) as process:
        for line in process.stdout:
            if found := SUBMITTED.search(line):
                numbers[found[1]] = found[2]
                submitted.append((time.time(), sum(psutil.Process(process.pid).cpu_times()[:4])))  # with its children's
                if len(submitted) == jobs:
                    cluster.ask("scontrol", "update", "PartitionName=all", "State=UP")
            elif found := FINISHED.search(line):
                noticed[found[1]] = time.time()
    if process.returncode:
        sys.exit(f"Snakemake failed on Slurm: {next((folder / '.snakemake/log').iterdir()).read_text()[-4000:]}")
    lines = cluster.ask("squeue", "--states=all", "--noheader", "--format=%i %e").splitlines()
    ends = {number: datetime.fromisoformat(end).timestamp() for number, end in map(str.split, lines)}
    unnoticed = [noticed[number] - ends[on_slurm] for number, on_slurm in numbers.items()]
    wall, spent = ((last - first) / (jobs - 1) for first, last in zip(submitted[0], submitted[-1], strict=True))
    return OnSlurm(wall, spent, unnoticed)


def measure_slurm(folder: Path, jobs: int) -> None:
    """Print what Slurm adds to jobs that do nothing."""
    if missing() or not importlib.util.find_spec(PLUGIN):
        print(f"\nnot measured on Slurm: {missing() or f'{PLUGIN} is not installed'}")
        return
    print(f"\n{jobs} jobs on Slurm   a submission, ms: wall, process   noticed after s: mean, longest")
    for poll in POLLS:
        with Cluster(folder / f"slurm{poll}") as cluster:
            found = dummies_on_slurm(cluster, folder / f"jobs{poll}", jobs, poll)
        late = f"{statistics.mean(found.unnoticed):27.1f} {max(found.unnoticed):8.1f}"
        print(f"asking after {poll} s {1000 * found.wall:24.0f} {1000 * found.process:8.0f} {late}", flush=True)


def mean_seconds() -> dict[str, float]:
    """Mean wall seconds of a job by kind, in the record; a ladder, if that has none, scores its clips as scores do."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    jobs = {kind: sum(each["jobs"] for each in origins) for kind, origins in record["origins"].items()}
    found = {FORMER.get(kind, kind): total / jobs[kind] for kind, total in record["job_seconds"].items()}
    return {"ladder": found["scores"] * LADDER_CLIPS * len(RUNGS) / CLIPS} | found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=100)
    parser.add_argument("--nodes", type=int, default=64)
    parser.add_argument("--jobs", type=int, default=1000, help="that do nothing (default: 1000)")
    parser.add_argument("--slurm-jobs", type=int, default=200, help="that do nothing, on Slurm (default: 200)")
    parser.add_argument("--table-seconds", type=float, default=20.0, help="of table and figure (default: 20)")
    arguments = parser.parse_args()
    seconds = mean_seconds() | {LAST: arguments.table_seconds}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        print("dry run of the study   variants   jobs   process s   a job, ms")
        for variants in (arguments.variants // 10, arguments.variants):
            make_study(folder / str(variants), variants)
            plan = Plan(load_sources(folder / str(variants)), "cpu")
            jobs = jobs_of(plan, seconds)
            options = ["--config", f"replications={folder / str(variants)}", "--quiet", "all"]
            figure = [f"figures/longcat_{STUDY}.pdf", "-n", *options]
            _, spent = run([*SNAKEMAKE, *figure, "--directory", str(folder)], ROOT)
            print(f"{variants:33d} {len(jobs):6d} {spent:11.1f} {1000 * spent / len(jobs):11.1f}", flush=True)
        corpus = next(job.output for job in plan.jobs.values() if job.kind == "corpus")
        _, start = run([*SNAKEMAKE, corpus, "-n", *options, "--directory", str(folder)], ROOT)
        print(f"\nSnakemake that starts one job of it: {start:.1f} process s")
        wall, spent = dummies(folder / "dummies", arguments.jobs)
        print(f"overhead of each of {arguments.jobs} without work: {1000 * wall:.0f} ms, {1000 * spent:.0f} of process")
        measure_slurm(folder, arguments.slurm_jobs)
    report(jobs, arguments.nodes, SUBMIT + spent, STARTS * start)


def report(jobs: dict[str, Job], nodes: int, submit: float, start: float) -> None:
    """Print what the simulation makes of the jobs."""
    print("\nkind                    jobs   seconds each")
    for kind, count in Counter(job.kind for job in jobs.values()).items():
        print(f"{kind:20s} {count:7d} {next(job.seconds for job in jobs.values() if job.kind == kind):14.1f}")
    work = sum(job.seconds for job in jobs.values())
    longest, kinds = critical_path(jobs)
    print(f"\nwork {work / 3600:.1f} h; on {nodes} nodes {work / nodes / 60:.1f} min at the least")
    print(f"critical path {longest / 60:.1f} min: {' > '.join(kinds)}")
    chains = grouped(jobs)
    print("\nscheduling                             jobs   makespan min   nodes at work")
    cases = [
        ("no overhead", jobs, Costs()),
        ("submission", jobs, Costs(submit)),
        ("submission and start", jobs, Costs(submit, start)),
        *((f"both, asking after {poll} s", jobs, Costs(submit, start, poll)) for poll in POLLS),
        *((f"the same, a chain one job, {poll} s", chains, Costs(submit, start, poll)) for poll in POLLS),
    ]
    for name, these, costs in cases:
        end = simulate(these, nodes, costs)
        print(f"{name:35s} {len(these):7d} {end / 60:14.1f} {work / nodes / end:14.0%}")


if __name__ == "__main__":
    main()
