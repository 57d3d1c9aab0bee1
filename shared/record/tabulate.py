"""Job: from per-clip scores to a study's table, verdicts and provenance; the scores are kept beside them."""

import argparse
import shutil
import sys
from pathlib import Path

from shared.config import parse
from shared.files import read_json, write_json, write_text
from shared.job import run_job
from shared.measurements.base import measurements
from shared.record.provenance import provenance
from shared.record.table import Row, Setting, make_rows, show_setting, to_csv, to_markdown, to_metrics
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import Claim, Verdict, judge, load_claims, missing
from shared.statistics.gates import read_unordered, shut
from shared.statistics.paper import load_paper
from shared.statistics.scores import GROUND_TRUTH, StudyScores, load_study
from shared.statistics.study import StudySpec
from shared.user_files import file_name


def tabulate(spec: StudySpec, facts: dict[str, Path]) -> tuple[list[Row], list[Verdict]]:
    """Rows and verdicts of a study.

    Args:
        spec: the study.
        facts: `paper` and `claims`: the source's files.
    """
    latents = {each.name: spec.latent_files(each.name) for each in measurements()}
    sets = spec.ground_truth, spec.set_metrics, spec.kad
    scores = load_study(spec.names, spec.seeds, spec.score_files(), *sets, latents, spec.trainings())
    warn_of_few_clips(scores)
    known = spec.studies
    claims = [claim for claim in load_claims(facts["claims"], known) if claim.study == spec.study]
    settings = {GROUND_TRUTH: Setting(label="ground truth")}
    for variant in spec.variants:
        places = {key: show_setting(getattr(variant, key)) for key in ("setting", "paper_setting")}
        settings[variant.name] = Setting(label=variant.label, **places)
    published = load_paper(facts["paper"], known)
    rows = make_rows(spec.study, scores, settings, published)
    unordered = {name: faults for path in spec.ladders for name, faults in read_unordered(path).items()}
    on_axis = {variant.name: variant.setting for variant in spec.variants}

    def verdict(claim: Claim) -> Verdict:
        reason = missing(claim, scores) or shut(claim, scores, published, on_axis, unordered)
        return judge(claim, scores, spec.scale, on_axis, reason, spec.sequential)

    return rows, [verdict(claim) for claim in claims]


def warn_of_few_clips(scores: StudyScores) -> None:
    """Say on stderr of which metrics of sets so few clips say little."""
    for (side, name), each in scores.distances.items():
        if doubt := each.metric.doubt(each.clips.sum(), each.reference.shape[1]):
            print(f"warning: {STATISTICS[name].label} of {side} from {doubt} says little", file=sys.stderr)


def keep_scores(spec: StudySpec, folder: Path) -> None:
    """Copy what the table is made of to the record: scores by clip, and what was measured of latents."""
    folder.mkdir(parents=True, exist_ok=True)
    for (variant, seed, side), path in spec.score_files().items():
        shutil.copyfile(path, folder / file_name(f"{variant}_s{seed}_{side}.csv"))
    for each in measurements():
        for (variant, seed), path in spec.latent_files(each.name).items():
            shutil.copyfile(path, folder / file_name(f"{variant}_s{seed}_{each.name}.csv"))
    if spec.ground_truth:
        shutil.copyfile(spec.ground_truth, folder / f"{GROUND_TRUTH}.csv")


def main() -> None:
    """Command line of the job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON: variants, seeds and where their scores are")
    for name in ("table", "page", "metrics", "verdicts", "provenance"):
        parser.add_argument(f"--{name}", required=True, type=Path, help=f"the {name} to write")
    arguments = parser.parse_args()
    spec = parse(StudySpec, read_json(arguments.spec), arguments.spec)
    facts = {name: spec.folder / f"{name}.yaml" for name in ("paper", "claims")}
    rows, verdicts = tabulate(spec, facts)
    keep_scores(spec, arguments.table.parent / "scores")
    write_text(arguments.table, to_csv(rows, Row))
    write_text(arguments.verdicts, to_csv(verdicts, Verdict))
    write_text(
        arguments.page, to_markdown(f"{spec.title} ({spec.paper})", spec.scale, rows, verdicts)
    )
    write_json(arguments.metrics, to_metrics(rows, verdicts))
    write_json(arguments.provenance, provenance(spec))


if __name__ == "__main__":
    run_job(main)
