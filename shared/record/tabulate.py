"""Job: from per-clip scores to a study's table, verdicts and provenance; the scores are kept beside them."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.config import parse
from shared.files import read_json, write_json, write_text
from shared.job import run_job
from shared.measurements.base import Alone, measurements
from shared.record.kept import Run, keep_scores, kept_spec, runs
from shared.record.provenance import provenance, younger
from shared.record.table import Row, Setting, make_rows, show_setting, to_csv, to_markdown, to_metrics
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import Claim, Verdict, judge, load_claims, missing
from shared.statistics.gates import read_unordered, shut
from shared.statistics.paper import load_paper
from shared.statistics.scores import GROUND_TRUTH, StudyScores, load_study
from shared.statistics.study import StudySpec

NOT_KEPT = "the record does not hold what it is computed from"


def tabulate(spec: StudySpec, facts: dict[str, Path]) -> tuple[list[Row], list[Verdict]]:
    """Rows and verdicts of a study.

    Args:
        spec: the study.
        facts: `paper` and `claims`: the source's files.
    """
    scores = read_study(spec)
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
        return judge(claim, scores, spec.scale, on_axis, reason, spec.sequential, spec.pilot)

    return rows, [verdict(claim) for claim in claims]


def read_study(spec: StudySpec) -> StudyScores:
    """All that was measured for a study."""
    latents = {each.name: spec.latent_files(each.name) for each in measurements()}
    sets = spec.ground_truth, spec.set_metrics, spec.kad
    scores = load_study(spec.names, spec.seeds, spec.score_files(), *sets, latents, spec.trainings())
    _add_unkept(scores, spec)
    return scores


def _add_unkept(scores: StudyScores, spec: StudySpec) -> None:
    """Values stay that are in a record without what they were computed from; nothing can be asked of them."""
    for side, metrics in spec.unkept.items():
        for metric, of_variants in metrics.items():
            scores.alone[side, metric] = {name: Alone(**dict(each)) for name, each in of_variants.items()}
            scores.missing[side, metric] = NOT_KEPT


def warn_of_few_clips(scores: StudyScores) -> None:
    """Say on stderr of which metrics of sets so few clips say little."""
    for (side, name), each in scores.distances.items():
        if doubt := each.metric.doubt(each.clips.sum(), each.reference.shape[1]):
            print(f"warning: {STATISTICS[name].label} of {side} from {doubt} says little", file=sys.stderr)


def write(spec: StudySpec, facts: dict[str, Path], said: dict[str, Any] | None, names: Mapping[str, Path]) -> None:
    """Make and write `table`, `page`, `metrics` and `verdicts`, as called by `names`.

    Args:
        spec, facts: see `tabulate`.
        said: what the provenance says of when claims were set (`frozen`).
        names: where each goes.
    """
    rows, verdicts = tabulate(spec, facts)
    write_text(names["table"], to_csv(rows, Row))
    write_text(names["verdicts"], to_csv(verdicts, Verdict))
    write_json(names["metrics"], to_metrics(rows, verdicts))
    title = f"{spec.title} ({spec.paper})"
    write_text(names["page"], to_markdown(title, spec.scale, rows, verdicts, younger(said) if verdicts else None))


def main() -> None:
    """Command line of the job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON: variants, seeds and where their scores are")
    for name in ("table", "page", "metrics", "verdicts", "provenance", "study", "runs"):
        parser.add_argument(f"--{name}", required=True, type=Path, help=f"the {name} to write")
    arguments = parser.parse_args()
    spec = parse(StudySpec, read_json(arguments.spec), arguments.spec)
    facts = {name: spec.folder / f"{name}.yaml" for name in ("paper", "claims")}
    made = provenance(spec)
    write(spec, facts, made["frozen"], vars(arguments))
    keep_scores(spec, arguments.table.parent / "scores")
    write_text(arguments.runs, to_csv(runs(spec), Run))
    write_json(arguments.study, kept_spec(spec).model_dump(mode="json"))
    write_json(arguments.provenance, made)


if __name__ == "__main__":
    run_job(main)
