"""What a study of 100 variants takes on 64 Slurm nodes, simulated on the jobs and dependencies of its plan.

    OMP_NUM_THREADS=1 PYTHONPATH=. .venv/bin/python benchmarks/cluster.py

The study is LongCat's Figure 3 with so many latent dimensions at scale `cpu`, with three seeds; nothing of it is run.
How long a job takes is its kind's mean in the record's provenance. The scheduler's overhead is measured on 1,000 jobs
that do nothing, which Snakemake runs itself; what Slurm adds is not measured. The simulation is list
scheduling by the rules' priorities, one job a node: Snakemake submits one job after another, has no more on the cluster
than there are nodes, and learns of their ends when it asks, every 40 seconds unless told otherwise.
"""

import argparse
import heapq
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import yaml

from shared.plan.plan import Plan, as_list
from shared.plan.schema import load_sources

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "results/cpu/longcat/fig3_provenance.json"
FORMER = {"recogniser": "asr"}  # what the record calls a kind of job
STUDY = "many"
# Of the rules (rules/*.smk); what is not here has none.
PRIORITIES = {"corpus": 100, "autoencoder": 90, "latents": 80, "asr": 75, "speaker": 75, "generator": 70, "samples": 60,
              "scores": 20, "ground_truth": 10, "reconstructions": 10}
LAST = "table and figure"
POLL = 40.0  # seconds after which the plugin asks Slurm again
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
    now = 0.0
    while ready or running:
        while ready and len(running) < nodes:
            name = heapq.heappop(ready)[-1]
            now += costs.submit
            heapq.heappush(running, (now + costs.start + jobs[name].seconds, name))
        now = max(now, running[0][0])
        if costs.poll:
            now = -(-now // costs.poll) * costs.poll
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


def mean_seconds() -> dict[str, float]:
    """Mean wall seconds of a job by kind, in the record."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    jobs = {kind: sum(each["jobs"] for each in origins) for kind, origins in record["origins"].items()}
    return {FORMER.get(kind, kind): total / jobs[kind] for kind, total in record["job_seconds"].items()}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=100)
    parser.add_argument("--nodes", type=int, default=64)
    parser.add_argument("--jobs", type=int, default=1000, help="that do nothing (default: 1000)")
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
    print(f"overhead a job, of {arguments.jobs} that do nothing: {1000 * wall:.0f} ms, {1000 * spent:.0f} of process")
    report(jobs, arguments.nodes, wall, start)


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
        *((f"both, asking every {poll:.0f} s", jobs, Costs(submit, start, poll)) for poll in (POLL, 10.0)),
        *((f"the same, a chain one job, {poll:.0f} s", chains, Costs(submit, start, poll)) for poll in (POLL, 10.0)),
    ]
    for name, these, costs in cases:
        end = simulate(these, nodes, costs)
        print(f"{name:35s} {len(these):7d} {end / 60:14.1f} {work / nodes / end:14.0%}")


if __name__ == "__main__":
    main()
