"""A made-up record whose better reconstruction generates worse, with the scores of single clips."""

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


def make_pairs(folder: Path) -> Path:
    """Write the record of a scale; returns the source's folder."""
    source = folder / SOURCE
    scores = source / "scores" / STUDY
    scores.mkdir(parents=True)
    rows = []
    for name, pesq in PESQ.items():
        read = [f"c{place:02d},{pesq + 0.01 * (place % 5)}," for place in range(CLIPS)]
        # Errors fall on other clips in each variant, but each clip has about as many.
        said = [f"c{place:02d},{WORDS},{ERRORS[name] + place % 2}," for place in range(CLIPS)]
        (scores / f"{name}_s0_reconstruction.csv").write_text("\n".join(["id,pesq,reason", *read, ""]))
        (scores / f"{name}_s0_generation.csv").write_text("\n".join(["id,words,word_errors,reason", *said, ""]))
        rows += [row(name, pesq + 0.02, "reconstruction", "pesq"), row(name, (ERRORS[name] + 0.5) / WORDS)]
    (source / f"{STUDY}.csv").write_text(to_csv(rows, Row))
    verdicts = [verdict("a", "reproduced", 0.1), verdict("b", "contradicted", -0.1), verdict("c", "inconclusive", 0.0)]
    (source / f"{STUDY}_verdicts.csv").write_text(to_csv(verdicts, Verdict))
    (source / f"{STUDY}_provenance.json").write_text(json.dumps(provenance()))
    write_manifest(source, STUDY)
    return source
