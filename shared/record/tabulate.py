"""Job: from per-clip scores to a study's table, verdicts and provenance; the scores are kept beside them."""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from shared.bootstrap import REPLICATES, SET_REPLICATES, draw
from shared.files import read_json, write_json, write_text
from shared.job import run_job
from shared.measurements.compactness_curves import files_of, read_all
from shared.measurements.exposure_curves import exposure_files, read_curves
from shared.metrics.config import KadConfig
from shared.metrics.latent_kinds import BY_CLIP
from shared.record.provenance import provenance
from shared.record.table import Row, Setting, make_rows, show_setting, to_csv, to_markdown, to_metrics
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import Verdict, judge, load_claims
from shared.statistics.paper import load_paper
from shared.statistics.scores import GROUND_TRUTH, StudyScores, load_study


def tabulate(spec: dict[str, Any], facts: dict[str, Path]) -> tuple[list[Row], list[Verdict]]:
    """Rows and verdicts of a study.

    Args:
        spec: see `Plan.study_spec`.
        facts: `paper` and `claims`: the source's files.
    """
    names = [variant["name"] for variant in spec["variants"]]
    truth = Path(spec["ground_truth"]) if spec["ground_truth"] else None
    asked, kad = spec["set_metrics"], KadConfig(**spec["kad"])
    latent = read_curves(spec), read_all(spec), {kind: files_of(kind, spec) for kind in BY_CLIP}
    scores = load_study(names, spec["seeds"], score_files(spec), truth, asked, kad, *latent)
    warn_of_few_clips(scores)
    replicates = SET_REPLICATES if scores.distances or scores.replicated else REPLICATES
    draws = draw(len(scores.seeds), len(scores.clips), replicates)
    known = spec["studies"]
    claims = [claim for claim in load_claims(facts["claims"], known) if claim.study == spec["study"]]
    settings = {GROUND_TRUTH: Setting(label="ground truth")}
    for variant in spec["variants"]:
        places = {key: show_setting(variant[key]) for key in ("setting", "paper_setting")}
        settings[variant["name"]] = Setting(label=variant["label"], **places)
    rows = make_rows(spec["study"], scores, settings, load_paper(facts["paper"], known), draws)
    on_axis = {variant["name"]: variant["setting"] for variant in spec["variants"]}
    return rows, [judge(claim, scores, draws, spec["scale"], on_axis) for claim in claims]


def warn_of_few_clips(scores: StudyScores) -> None:
    """Say on stderr of which metrics of sets so few clips say little."""
    for (side, name), each in scores.distances.items():
        if doubt := each.metric.doubt(each.clips.sum(), each.reference.shape[1]):
            print(f"warning: {STATISTICS[name].label} of {side} from {doubt} says little", file=sys.stderr)


def score_files(spec: dict[str, Any]) -> dict[tuple[str, int, str], Path]:
    """scores.csv by variant, seed and side."""
    return {
        (variant["name"], int(seed), side): Path(path)
        for variant in spec["variants"]
        for seed, sides in variant["scores"].items()
        for side, path in sides.items()
    }


def keep_scores(spec: dict[str, Any], folder: Path) -> None:
    """Copy the scores to the record: those by clip, of latents too, exposure by position and compactness by step."""
    folder.mkdir(parents=True, exist_ok=True)
    for (variant, seed, side), path in score_files(spec).items():
        shutil.copyfile(path, folder / f"{variant}_s{seed}_{side}.csv")
    for (variant, seed), path in exposure_files(spec).items():
        shutil.copyfile(path, folder / f"{variant}_s{seed}_exposure.csv")
    for kind in ("compactness", *BY_CLIP):
        for (variant, seed), path in files_of(kind, spec).items():
            shutil.copyfile(path, folder / f"{variant}_s{seed}_{kind}.csv")
    if spec["ground_truth"]:
        shutil.copyfile(spec["ground_truth"], folder / f"{GROUND_TRUTH}.csv")


def main() -> None:
    """Command line of the job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON: variants, seeds and where their scores are")
    for name in ("table", "page", "metrics", "verdicts", "provenance"):
        parser.add_argument(f"--{name}", required=True, type=Path, help=f"the {name} to write")
    arguments = parser.parse_args()
    spec = read_json(arguments.spec)
    facts = {name: Path(spec["folder"]) / f"{name}.yaml" for name in ("paper", "claims")}
    rows, verdicts = tabulate(spec, facts)
    keep_scores(spec, arguments.table.parent / "scores")
    write_text(arguments.table, to_csv(rows, Row))
    write_text(arguments.verdicts, to_csv(verdicts, Verdict))
    write_text(
        arguments.page, to_markdown(f"{spec['title']} ({spec['paper']})", spec["scale"], rows, verdicts)
    )
    write_json(arguments.metrics, to_metrics(rows, verdicts))
    write_json(arguments.provenance, provenance(spec))


if __name__ == "__main__":
    run_job(main)
