"""Where a table comes from: code, configuration, corpus, environment, machine and what it cost."""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.code import ROOT
from shared.config import ConfigError
from shared.files import read_json, sha256
from shared.measurements.base import measurements
from shared.record.kept import results
from shared.record.origin import commit, hardware, last_commit, now, read_origin
from shared.statistics.study import StudySpec


def provenance(spec: StudySpec) -> dict[str, Any]:
    """Provenance of a study's table.

    `commit`, `dirty` and `hardware` are the table's own; `origins` says the same of each job that it rests on.
    """
    jobs = [job for job in spec.jobs if job.exists()]  # those upstream of what the record kept need not be here
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
        "frozen": frozen(spec, first_run(spec)),
        "origins": _origins(jobs),
        "job_seconds": seconds,
        "job_seconds_total": round(sum(seconds.values()), 1),
        "metrics": _metrics(spec),
    }


def first_run(spec: StudySpec) -> str | None:
    """When the first job of the source ended that the study rests on, as far as that is known."""
    own = {job for job in spec.jobs if spec.source in job.parts} | {each.path.parent for each in results(spec)}
    dates = (read_origin(job).get("date_utc") for job in own)
    return min(filter(None, dates), default=None)


def frozen(spec: StudySpec, first: str | None) -> dict[str, Any] | None:
    """The last commit of what the study was set by, its claims and its recipes; and when its first run ended.

    None where no commit is known. That is the state of today: made again after claims were changed, it says so.
    """
    files = (*(spec.folder / name for name in ("claims.yaml", "study.yaml")), spec.folder.parent / "base.yaml")
    found = last_commit(files)
    return found and found | {"first_run_utc": first}


def younger(said: dict[str, Any] | None) -> str | None:
    """What the page says where claims or recipes are not known to be older than the first run."""
    if said is None or said["first_run_utc"] is None:
        return "Whether claims and recipes were set before the first run is not known."
    first, date = said["first_run_utc"], said["date_utc"]
    if said["changed"]:
        return "Claims or recipes were changed after they were last committed."
    if datetime.fromisoformat(date) <= datetime.fromisoformat(first):
        return None
    return f"Claims or recipes were last changed on {date[:10]}, after the first run ({first[:10]})."


def _origins(jobs: list[Path]) -> dict[str, list[dict[str, Any]]]:
    """For each kind of job the distinct commits, codes and machines that its results are from, with the count."""
    found: dict[str, list[dict[str, Any]]] = {}
    for job in sorted(jobs):
        kept = {key: value for key, value in read_origin(job).items() if key != "date_utc"} or {"commit": "unknown"}
        known = found.setdefault(job.parent.name, [])
        same = next((each for each in known if kept.items() <= each.items()), None)
        if same is None:
            known.append(kept | {"jobs": 1})
        else:
            same["jobs"] += 1
    return found


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
