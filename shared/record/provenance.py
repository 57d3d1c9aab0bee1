"""Where a table comes from: code, configuration, corpus, environment, machine and what it cost."""

import csv
from pathlib import Path
from typing import Any

from shared.code import ROOT
from shared.config import ConfigError
from shared.files import read_json, sha256
from shared.measurements.base import measurements
from shared.record.origin import NAME, commit, hardware, now
from shared.seal import check_file
from shared.statistics.study import StudySpec


def provenance(spec: StudySpec) -> dict[str, Any]:
    """Provenance of a study's table.

    `commit`, `dirty` and `hardware` are the table's own; `origins` says the same of each job that it rests on.
    """
    jobs = spec.jobs
    manifests = [job / "manifest.json" for job in jobs if job.parent.name == "corpus"]
    seconds = _seconds(jobs)
    return {
        "source": spec.source,
        "study": spec.study,
        "scale": spec.scale,
        "seeds": spec.seeds,
        "date_utc": now(),
        **commit(),
        "config_hash": spec.config_hash,
        "corpus_hash": sorted(read_json(path)["corpus_hash"] for path in manifests if path.exists()),
        "lock_hash": {lock.name: sha256(lock)[:16] for lock in sorted((ROOT / "envs").glob("*.txt"))},
        "hardware": hardware(),
        "origins": _origins(jobs),
        "job_seconds": seconds,
        "job_seconds_total": round(sum(seconds.values()), 1),
        "metrics": _metrics(spec),
    }


def _origins(jobs: list[Path]) -> dict[str, list[dict[str, Any]]]:
    """For each kind of job the distinct commits, codes and machines that its results are from, with the count."""
    found: dict[str, list[dict[str, Any]]] = {}
    for job in sorted(jobs):
        kept = _origin(job / NAME) if (job / NAME).exists() else {"commit": "unknown"}
        known = found.setdefault(job.parent.name, [])
        same = next((each for each in known if kept.items() <= each.items()), None)
        if same is None:
            known.append(kept | {"jobs": 1})
        else:
            same["jobs"] += 1
    return found


def _origin(path: Path) -> dict[str, Any]:
    check_file(path)
    try:
        found = read_json(path)
        return {key: value for key, value in found.items() if key != "date_utc"}
    except (ValueError, AttributeError):
        raise ConfigError(f"{path}: damaged; delete it, and the record says that it is unknown") from None


def _seconds(jobs: list[Path]) -> dict[str, float]:
    """Wall seconds by kind of job. A resumed job counts its last part only."""
    total: dict[str, float] = {}
    for job in jobs:
        benchmark = job / "benchmark.tsv"
        if benchmark.exists():
            try:
                with open(benchmark, newline="", encoding="utf-8") as file:
                    spent = sum(float(row["s"]) for row in csv.DictReader(file, delimiter="\t"))
            except (ValueError, KeyError, TypeError):
                raise ConfigError(f"{benchmark}: damaged; delete it, and its seconds are not counted") from None
            total[job.parent.name] = round(total.get(job.parent.name, 0.0) + spent, 1)
    return total


def _metrics(spec: StudySpec) -> dict[str, Any]:
    """Estimator, embedder, weights and n of each metric, by side, from the first variant's scoring jobs.

    KAD's conventions are the table's, not the scoring job's, and join them here; so does what is measured of latents,
    by jobs of its own.
    """
    first = next(iter(spec.variants[0].scores.values()))
    files = {side: path.with_suffix(".json") for side, path in first.items()}
    metrics = {side: read_json(path) for side, path in files.items() if path.exists()}
    for side, found in metrics.items():
        if "kad" in found:
            metrics[side] = found | {"kad": found["kad"] | spec.kad.model_dump()}
    for each in measurements():
        for path in list(spec.latent_files(each.name).values())[:1]:
            metrics[each.side] = metrics.get(each.side, {}) | {each.name: read_json(path.with_suffix(".json"))}
    return metrics
