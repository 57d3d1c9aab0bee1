"""Where a table comes from: code, configuration, corpus, environment, machine and what it cost."""

import csv
import datetime
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from shared.files import read_json, sha256
from shared.studies.code import ROOT, code_hash
from shared.studies.jobs import KINDS

# What a run itself writes does not make its code dirty.
_WRITTEN = ("results", "figures", "runs", "logs")


def provenance(spec: dict[str, Any]) -> dict[str, Any]:
    """Provenance of a study's table, from its spec (see `Plan.study_spec`)."""
    jobs = [Path(job) for job in spec["jobs"]]
    manifests = [job / "manifest.json" for job in jobs if job.parent.name == "corpus"]
    codes = {kind: code_hash(KINDS[kind][0]) for kind in sorted({job.parent.name for job in jobs})}
    seconds = _seconds(jobs)
    return {
        "source": spec["source"],
        "study": spec["study"],
        "scale": spec["scale"],
        "seeds": spec["seeds"],
        "date_utc": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **commit(),
        "config_hash": spec["config_hash"],
        "code_hash": codes,
        "corpus_hash": sorted(read_json(path)["corpus_hash"] for path in manifests if path.exists()),
        "lock_hash": {lock.name: sha256(lock)[:16] for lock in sorted((ROOT / "envs").glob("*.txt"))},
        "hardware": hardware(),
        "job_seconds": seconds,
        "job_seconds_total": round(sum(seconds.values()), 1),
        "metrics": _metrics(spec),
    }


def commit() -> dict[str, Any]:
    """Commit of the repository, and whether anything but results was changed since; None outside Git."""
    head = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--", ".", *(f":(exclude){name}" for name in _WRITTEN))
    return {"commit": head, "dirty": None if head is None else bool(changed)}


def hardware() -> dict[str, Any]:
    """What the machine is, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "gpu": _gpus(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor()
    )


def _gpus() -> list[str]:
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []


def _seconds(jobs: list[Path]) -> dict[str, float]:
    """Wall seconds by kind of job. A resumed job counts its last part only."""
    total: dict[str, float] = {}
    for job in jobs:
        benchmark = job / "benchmark.tsv"
        if benchmark.exists():
            with open(benchmark, newline="") as file:
                spent = sum(float(row["s"]) for row in csv.DictReader(file, delimiter="\t"))
            total[job.parent.name] = round(total.get(job.parent.name, 0.0) + spent, 1)
    return total


def _metrics(spec: dict[str, Any]) -> dict[str, Any]:
    """Estimator, embedder, weights and n of each metric, by side, from the first variant's scoring jobs."""
    first = next(iter(spec["variants"][0]["scores"].values()))
    files = {side: Path(path).with_suffix(".json") for side, path in first.items()}
    return {side: read_json(path) for side, path in files.items() if path.exists()}
