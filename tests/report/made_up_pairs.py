"""A made-up record whose better reconstruction generates worse, with the scores of single clips of each run."""

import json
from pathlib import Path

from shared.record.manifest import write_manifest
from shared.record.table import Row, to_csv
from shared.statistics.claims import Verdict
from tests.report.made_up import SOURCE, STUDY, provenance, row, verdict

CLIPS = 30
PESQ = {"narrow": 2.0, "wide": 2.5, "prompted": 2.5}
ERRORS = {"narrow": 1, "wide": 3, "prompted": 2}
WORDS = 20


def make_pairs(folder: Path, seeds: tuple[int, ...] = (0, 1), source: str = SOURCE) -> Path:
    """Write the record of a scale; returns the source's folder. Each seed has a little more PESQ and an error more."""
    source = folder / source
    scores = source / "scores" / STUDY
    scores.mkdir(parents=True)
    rows = []
    for name, pesq in PESQ.items():
        for seed in seeds:
            read = [f"c{place:02d},{pesq + 0.01 * (place % 5) + 0.01 * seed}," for place in range(CLIPS)]
            said = [f"c{place:02d},{WORDS},{ERRORS[name] + place % 2 + (place < seed)}," for place in range(CLIPS)]
            for side, lines in {"reconstruction": ["id,pesq,reason", *read],
                                "generation": ["id,words,word_errors,reason", *said]}.items():  # fmt: skip
                (scores / f"{name}_s{seed}_{side}.csv").write_text("\n".join([*lines, ""]))
        pesq, errors = pesq + 0.02 + 0.01 * sum(seeds) / len(seeds), sum(seeds) / len(seeds) / CLIPS
        rows += [row(name, pesq, "reconstruction", "pesq", seeds=len(seeds), n=CLIPS * len(seeds)),
                 row(name, (ERRORS[name] + 0.5 + errors) / WORDS, seeds=len(seeds), n=CLIPS * len(seeds))]
    (source / f"{STUDY}.csv").write_text(to_csv(rows, Row))
    verdicts = [verdict("a", "reproduced", 0.1), verdict("b", "contradicted", -0.1), verdict("c", "inconclusive", 0.0)]
    (source / f"{STUDY}_verdicts.csv").write_text(to_csv(verdicts, Verdict))
    (source / f"{STUDY}_provenance.json").write_text(json.dumps(provenance(seeds) | {"source": source.name}))
    write_manifest(source, STUDY)
    return source
