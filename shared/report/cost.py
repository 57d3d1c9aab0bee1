"""What a study cost, from its provenance, and what it trained, from its study file."""

from dataclasses import dataclass
from typing import Any

from shared.config import ConfigError
from shared.plan.describe import describe
from shared.plan.plan import Plan
from shared.plan.schema import Source
from shared.record.files import SourceRecord
from shared.record.readers import Machine, Provenance


@dataclass(frozen=True)
class Models:
    """The models of a source at a scale; `note` says why there are none, or that they may be others."""

    rows: list[dict[str, Any]]
    note: str = ""


def duration(seconds: float) -> str:
    """`2 h 5 min`, `3 min 20 s` or `12 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def machine(found: Machine) -> str:
    """The machine in a line."""
    gpus = ", ".join(found.gpu) or "no GPU"
    return f"{found.processor}, {found.cores} cores, {found.memory_gib:g} GiB, {gpus}; {found.system}"


def code(commit: str | None, dirty: bool | None, no_commit: str | None = None) -> str:
    """A commit, short, and whether code was changed since; or why there is none."""
    if commit is None and no_commit:
        return f"no commit ({no_commit})"
    if commit is None or commit == "unknown":
        return "unknown commit"
    return commit[:10] + (", with changes that are not in it" if dirty else "")


def origins(provenance: Provenance) -> list[str]:
    """The distinct commits and machines of the jobs that a table rests on."""
    found: dict[str, int] = {}
    for each in (origin for kind in provenance.origins.values() for origin in kind):
        place = machine(Machine.model_validate(each["hardware"])) if "hardware" in each else "unknown machine"
        line = f"{code(each.get('commit'), each.get('dirty'), each.get('no_commit'))}, on {place}"
        found[line] = found.get(line, 0) + each.get("jobs", 1)
    return [f"{count} {'job' if count == 1 else 'jobs'}: {line}" for line, count in found.items()]


def models(source: Source | None, record: SourceRecord) -> Models:
    """Parameter counts, rates and steps of a source's variants, at the scale that its record says it is of."""
    scales = {each.provenance.value.scale for each in record.studies.values() if each.provenance.value}
    if source is None or len(scales) != 1:
        return Models([], "Without its study file or provenance, nothing is known of the models.")
    scale = scales.pop()
    try:
        variants = describe(source, scale)["variants"]
        changed = changed_studies(source, scale, record)
    except ConfigError as error:
        return Models([], f"The study file does not resolve at scale {scale}: {error}")
    rows = [{"name": name, **each} for name, each in variants.items()]
    if not changed:
        return Models(rows)
    return Models(rows, f"{', '.join(changed)}: configured otherwise when recorded; the models may have been others.")


def changed_studies(source: Source, scale: str, record: SourceRecord) -> list[str]:
    """Studies whose configuration is another one than when they were recorded."""
    plan = Plan({source.name: source}, scale)
    changed = []
    for name, study in record.studies.items():
        if study.provenance.value and name in source.file.studies:
            now = plan.study_spec(source.name, name).config_hash
            if now != study.provenance.value.config_hash:
                changed.append(name)
    return changed
