"""A record that grows by seeds, also where its earlier runs are not on this disk.

Asked for more seeds than a study's record has, Snakemake finds the scores of the earlier runs put back under runs/,
where the job of the same key has none, and the code is the same, its own and that of all jobs that it rests on; so it
trains what is missing. Nothing else is taken from the record: a clone that is asked for the record's own seeds makes
them itself.

What was put back has no inputs, since none are here, and says in its origin.json that it was `taken_from` the record.
"""

import functools
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.config import ConfigError
from shared.files import beside, read_json, write_json
from shared.measurements.base import measurements
from shared.plan.plan import Plan
from shared.plan.point import Job
from shared.record.keep_clips import LIST, read_kept
from shared.record.kept import LADDER, SCORING, Kept, Run, names_of, read_runs, read_spec, runs_path, spec_path
from shared.record.manifest import CLIPS, SCORES, check_seal
from shared.record.origin import NAME, read_origin
from shared.seal import NAME as SEAL
from shared.seal import seal_folder
from shared.statistics.study import StudySpec

TAKEN = "taken_from"
KEPT_KINDS = {SCORING, LADDER, *(each.name for each in measurements())}


@dataclass(frozen=True)
class Recorded:
    """What the record of a study offers: where it lies, its spec, and by kind and key which job each result is of."""

    folder: Path
    spec: StudySpec
    runs: dict[tuple[str, str], Run]

    def file(self, run: Run) -> Path:
        """The result of a job."""
        name = Kept(run.variant, run.seed, run.side, run.kind, Path()).name
        return self.folder / SCORES / self.spec.study / f"{name}.csv"

    @functools.cached_property
    def codes(self) -> dict[str, set[str]]:
        """By kind of job the codes by which what the record rests on was made."""
        origins = read_json(self.folder / f"{self.spec.study}_provenance.json").get("origins", {})
        return {kind: {each.get("code_hash") for each in of_kind} for kind, of_kind in origins.items()}

    def described(self, run: Run) -> Any:
        """What the JSON beside the result said, of the one run of which the provenance keeps it; else None."""
        first = run.variant == self.spec.names[0] and run.seed == self.spec.seeds[0]
        path = self.folder / f"{self.spec.study}_provenance.json"
        metrics = read_json(path)["metrics"].get(run.side, {}) if first else {}
        if run.kind != SCORING:
            return metrics.get(run.kind)
        return {name: each for name, each in metrics.items() if name not in self.spec.variants[0].latents} or None


def recorded(folder: Path, study: str, asked: set[int]) -> Recorded | None:
    """The record of a study in a source's folder, if it has some of the seeds that are asked for, and not all.

    None, too, where it does not say which jobs it is of.

    Raises:
        ConfigError: a file of it is damaged.
    """
    if not runs_path(folder, study).exists() or not spec_path(folder, study).exists():
        return None
    spec = read_spec(spec_path(folder, study))
    if not asked & {*spec.seeds} or not asked - {*spec.seeds}:
        return None
    for path, problem in check_seal(folder, study).damage().items():
        raise ConfigError(f"{path}: {problem}")
    return Recorded(folder, spec, {(each.kind, each.key): each for each in read_runs(runs_path(folder, study))})


class Growth:
    """What of a plan's jobs is taken from the record.

    Args:
        plan: what is to be done.
        results: where the record lies.
    """

    def __init__(self, plan: Plan, results: Path = Path("results")):
        self.plan, self.folder = plan, results / plan.label
        self.taken: dict[str, bool] = {}  # folder of a job → whether its result is the record's
        self.records: dict[str, dict[str, Recorded]] = {}
        self.said: set[str] = set()

    def other_code(self, source: str, job: Job) -> str | None:
        """Which kind of job a result of the record rests on by other code than today's; None: none, or it has none."""
        offered = self.offers(source, job)
        if offered is None or offered[1].code_hash != job.code:
            return offered and job.kind
        known = offered[0].codes
        return next((each.kind for each in self.plan.upstream(job) if each.code not in known.get(each.kind, ())), None)

    def _growing(self, source: str) -> dict[str, Recorded]:
        """Study of a source → its record, where the plan has some of its seeds, and more."""
        if source not in self.records:
            studies = [study for owner, study in self.plan.points if owner == source]
            read = {each: recorded(self.folder / source, each, {*self.plan.seeds_of(source, each)}) for each in studies}
            self.records[source] = {study: each for study, each in read.items() if each is not None}
        return self.records[source]

    def takes(self, job: Job) -> bool:
        """Whether a job's result is the record's; puts it back where it has none."""
        if job.folder not in self.taken:
            try:
                self.taken[job.folder] = self._take(job)
            except ConfigError as error:
                sys.exit(f"error: {error}")
        return self.taken[job.folder]

    def offers(self, source: str, job: Job) -> tuple[Recorded, Run] | None:
        """What a growing record has of a job, whatever its code."""
        for each in self._growing(source).values():
            if (job.kind, job.key) in each.runs:
                return each, each.runs[job.kind, job.key]
        return None

    def _take(self, job: Job) -> bool:
        output = Path(job.output)
        if output.exists():
            said = read_origin(output.parent)
            if TAKEN not in said or said["code_hash"] == job.code:
                return TAKEN in said
            output.unlink()  # a copy of what the record has; Snakemake can't know that it is out of date
        offered = self.offers(output.parts[2], job)
        if offered is None:
            return False
        if other := self.other_code(output.parts[2], job):
            self._say(f"{job.label}: {other} in the record are of other code, and are made again")
            return False
        put_back(*offered, output)
        return True

    def takes_clips(self, source: str, study: str) -> bool:
        """Whether the clips to be heard are the record's, since the run that they are of is; puts them back."""
        target = Path(self.plan.study_folder(source, study), CLIPS, LIST)
        if (target.parent / NAME).exists():
            return True
        first = [next(iter(point.scores.values())) for point in self.plan.points[source, study]]
        here = self._growing(source).get(study)
        heard = None if here is None else here.folder / CLIPS / study / LIST
        if here is None or heard is None or not heard.exists() or target.exists():
            return False
        if not all(self.takes(job) for jobs in first for job in jobs.values()):
            return False
        for name in (*(clip.file for clip in read_kept(heard)), LIST):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(heard.parent / name, target.parent / name)
        write_json(target.parent / NAME, {TAKEN: here.folder.as_posix()})
        seal_folder([target])
        return True

    def _say(self, line: str) -> None:
        if line not in self.said:
            self.said.add(line)
            print(line, file=sys.stderr)

    def say(self) -> None:
        """How much was taken."""
        if count := sum(self.taken.values()):
            print(f"{count} results are taken from {self.folder}", file=sys.stderr)


def put_back(here: Recorded, run: Run, output: Path) -> None:
    """Put a job's result where the job would have written it, with what lay beside it, and seal it."""
    result, (own, others) = here.file(run), names_of(run.kind)
    output.parent.mkdir(parents=True, exist_ok=True)
    (output.parent / SEAL).unlink(missing_ok=True)
    for name in others:
        if (path := beside(result, own, name)).exists():
            shutil.copyfile(path, output.with_name(name))
    write_json(output.with_name(NAME), {**run.origin(), TAKEN: here.folder.as_posix()})
    if described := here.described(run):
        write_json(output.with_suffix(".json"), described)
    shutil.copyfile(result, output)
    seal_folder([output])
