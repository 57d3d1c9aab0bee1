"""A made-up study under a runs/ of its own, with scores and embeddings, and its record."""

from pathlib import Path

import numpy as np
import yaml

from shared.files import write_json, write_text
from shared.metrics.embeddings import EMBEDDINGS, write_embeddings
from shared.record.kept import Run, keep_scores, kept_spec, runs
from shared.record.manifest import write_manifest
from shared.record.origin import NAME
from shared.record.table import to_csv
from shared.record.tabulate import write
from shared.statistics.study import StudySpec

CLIPS = [f"c{index}" for index in range(30)]
VARIANTS = {"a": 0.0, "b": 0.5}
CLAIMS = [
    {"id": f"better_{metric}", "study": "pair", "text": "t", "where": "w", "relation": "better", "metric": metric,
     "side": "generation", "variants": ["a", "b"]}
    for metric in ("wer", "fad")
]  # fmt: skip


def _score(path: Path, seed: int, shift: float, processor: str = "P1") -> Path:
    draw = np.random.default_rng([seed, int(10 * shift + 100)])
    errors = draw.binomial(10, min(0.9, 0.05 * (1 + shift)), len(CLIPS))
    lines = [f"{clip},{clip},10,{count}," for clip, count in zip(CLIPS, errors, strict=True)]
    write_text(path, "\n".join(["id,speaker,words,word_errors,reason", *lines, ""]))
    rows = draw.normal(size=(len(CLIPS), 3)) + shift
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    write_embeddings(path.with_name(EMBEDDINGS), CLIPS, dict(zip(CLIPS, rows, strict=True)))
    hardware = {"processor": processor, "cores": 2, "memory_gib": 8.0, "gpu": [], "system": "L", "python": "3",
                "torch": "2"}  # fmt: skip
    origin = {"date_utc": f"2026-01-0{seed + 1}T00:00:00+00:00", "commit": "c", "dirty": False, "code_hash": "x"}
    write_json(path.with_name(NAME), origin | {"hardware": hardware})
    return path


def make_study(folder: Path, seeds: int = 2) -> tuple[StudySpec, Path]:
    """Write runs, source and record below `folder`; returns the study's spec and the source's folder in the record."""
    source = folder / "replications/toy"
    write_text(source / "claims.yaml", yaml.safe_dump({"claims": CLAIMS}))
    variants = [
        {"name": name, "label": name.upper(), "scores": {
            seed: {"generation": str(_score(folder / f"runs/cpu/toy/scores/{name}{seed}/scores.csv", seed, shift))}
            for seed in range(seeds)
        }}
        for name, shift in VARIANTS.items()
    ]  # fmt: skip
    spec = StudySpec.model_validate({
        "source": "toy", "study": "pair", "title": "T", "paper": "p", "axis": None, "scale": "cpu", "label": "cpu",
        "seeds": list(range(seeds)), "variants": variants, "set_metrics": {"generation": ["fad", "kad"]}, "kad": {},
        "ground_truth": str(_score(folder / "runs/cpu/toy/scores/truth/scores.csv", 8, -0.8)), "config_hash": "h",
        "folder": str(source), "studies": {"pair": [*VARIANTS]}, "jobs": [],
    })  # fmt: skip
    record = folder / "results/cpu/toy"
    keep_scores(spec, record / "scores/pair")
    write_json(record / "pair_study.json", kept_spec(spec).model_dump(mode="json"))
    write_text(record / "pair_runs.csv", to_csv(runs(spec), Run))
    said = {"seeds": spec.seeds, "date_utc": "2026-02-01T00:00:00+00:00", "frozen": None}
    ends = {"table": ".csv", "page": ".md", "metrics": "_metrics.json", "verdicts": "_verdicts.csv"}
    facts = {name: source / f"{name}.yaml" for name in ("paper", "claims")}
    write(spec, facts, None, {name: record / f"pair{end}" for name, end in ends.items()})
    hardware = {"processor": "P1", "cores": 2, "memory_gib": 8.0, "gpu": [], "system": "L", "python": "3"}
    rest = {"source": "toy", "study": "pair", "scale": "cpu", "commit": "c", "dirty": False, "config_hash": "h",
            "hardware": hardware, "origins": {"generator": [{"commit": "c", "jobs": 2 * seeds}]},
            "job_seconds": {"generator": 120.0 * seeds}, "job_seconds_total": 120.0 * seeds}  # fmt: skip
    write_json(record / "pair_provenance.json", said | rest)
    write_manifest(record, "pair")
    return spec, record
