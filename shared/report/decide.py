"""Which claims of a study are decided, and what the next look costs: never another seed for a verdict's sign."""

from dataclasses import dataclass
from pathlib import Path

from shared.config import ConfigError
from shared.files import read_json
from shared.measurements.base import kept_names
from shared.plan.plan import Plan
from shared.plan.point import Job
from shared.plan.workflow import threads_of
from shared.record.files import StudyRecord, load_study, study_names
from shared.record.processors import compare_processors
from shared.record.tabulate import NOT_KEPT
from shared.report.grow import Growth
from shared.statistics.claims import CONTRADICTED, NOT_TESTABLE, REPRODUCED, Verdict
from shared.statistics.looks import LOOKS


@dataclass(frozen=True)
class Standing:
    """How a study's claims stand.

    Attributes:
        seeds: of its record.
        look: the next one that some claim needs; None: none does.
        said: of each claim, in words.
        notes: what else is to be known of its runs.
    """

    seeds: int
    look: int | None
    said: list[str]
    notes: list[str]


def stand(folder: Path, study: str, recipe: str, asked: int | None = None) -> Standing:
    """Read how the claims of a study stand.

    Args:
        folder: of the source in the record.
        study: its name.
        recipe: hash of the config that its variants have today.
        asked: this look instead of the next.

    Raises:
        ConfigError: there is no record of it yet, a file of it is damaged, or the look that is asked for is done.
    """
    if study not in study_names(folder):
        figure = f"figures/{folder.name}_{study}.pdf"
        raise ConfigError(f"{folder}: no record of {study} yet; make one: snakemake {figure} --config looks=1")
    record = load_study(folder, study)
    for path, problem in record.damage.items():
        raise ConfigError(f"{path}: {problem}")
    verdicts, seeds = record.verdicts.whole(), len(record.provenance.whole().seeds)
    changed = record.spec.value is not None and record.spec.value.config_hash != recipe
    done = 0 if changed else _looks_done(record, seeds)
    if asked is not None and asked <= done:
        raise ConfigError(f"looks: {asked} is done: the record has {seeds} seeds")
    is_open = any(how(each) == OPEN or (changed and not _lacking(each)) for each in verdicts)
    following = (asked or done + 1) if is_open and done < len(LOOKS) else None
    said = [f"{each.id}: {how(each)}{_of_look(each)}: {each.text}" for each in verdicts]
    anew = "the recipe is another than this record's: looks begin anew, with fresh seeds" if changed else ""
    return Standing(seeds, following, said, list(filter(None, [compare_processors(record), anew])))


def _lacking(verdict: Verdict) -> bool:
    """Whether a claim lacks a metric, which new runs lack, too."""
    return verdict.verdict == NOT_TESTABLE and "not computed" in verdict.reason


OPEN, GIVEN_UP = "needs another look", "given up"


def how(verdict: Verdict) -> str:
    """Whether a claim is decided, given up, not testable or open; its sign plays no part in what is done next."""
    if verdict.reason == NOT_KEPT:  # which new runs keep
        return OPEN
    if verdict.verdict in (REPRODUCED, CONTRADICTED, NOT_TESTABLE):
        return verdict.verdict
    last = verdict.look == len(LOOKS) or verdict.reason.startswith(GIVEN_UP)
    return GIVEN_UP if last else OPEN


def _of_look(verdict: Verdict) -> str:
    if verdict.verdict == NOT_TESTABLE:
        return f" ({verdict.reason})"
    return f" at look {verdict.look}" if verdict.look else f" (seeds: {verdict.seeds}, not set as a look)"


def _looks_done(record: StudyRecord, seeds: int) -> int:
    """How many of the looks a record has had; none, if its seeds were not set as such."""
    sequential = record.spec.value is not None and record.spec.value.sequential
    return sum(count <= seeds for count in LOOKS) if sequential else 0


@dataclass(frozen=True)
class Cost:
    """What a look takes: core-minutes, so many trainings, and kinds of jobs of which the record has no time."""

    minutes: float
    trainings: int
    unknown: list[str]


def cost_of(plan: Plan, source: str, study: str, results: Path) -> Cost:
    """What the jobs take that neither lie here nor are in the record, as long as those of their kind took before.

    Args:
        plan: with the seeds of the look.
        source, study: whose.
        results: where the record lies.
    """
    growth = Growth(plan, results)

    def there(job: Job) -> bool:
        offered = growth.offers(source, job) and growth.other_code(source, job) is None
        return Path(job.output).exists() or bool(offered)

    due = plan.due(source, study, there)
    said = read_json(results / plan.label / source / f"{study}_provenance.json")
    each = {_now(kind): spent / _count(said, kind) for kind, spent in said["job_seconds"].items() if _count(said, kind)}
    unknown = sorted({job.kind for job in due} - each.keys())
    seconds = sum(each.get(job.kind, 0.0) for job in due) * threads_of(plan)
    return Cost(seconds / 60, sum(job.kind in ("autoencoder", "generator") for job in due), unknown)


def _count(said: dict, kind: str) -> int:
    """How many jobs of a kind a record's seconds are of."""
    return sum(each["jobs"] for each in said["origins"].get(kind, []))


def _now(kind: str) -> str:
    """What a kind of job is called today."""
    names = {"recogniser": "asr", "audio_text": "clap"} | {name: each.name for name, each in kept_names().items()}
    return names.get(kind, kind)
