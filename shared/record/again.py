"""A study's table, page, metrics and verdicts made again of what its record keeps, by the rules and claims of today."""

from pathlib import Path

from shared.config import ConfigError
from shared.files import read_json, write_json
from shared.record.files import load_study, seal_study
from shared.record.origin import commit, now
from shared.record.provenance import frozen
from shared.record.tabulate import write
from shared.statistics.study import StudySpec

# What is made again, by what `tabulate` calls it.
MADE = {"table": ".csv", "page": ".md", "metrics": "_metrics.json", "verdicts": "_verdicts.csv"}


def make_again(folder: Path, study: str, source: Path, studies: dict[str, list[str]], today: bool = True) -> None:
    """Make them, in place, and seal the record.

    Args:
        folder: the source's in the record.
        study: its name.
        source: the source's folder, with paper.yaml and claims.yaml.
        studies: study of the source → its variants, as claims may name them.
        today: say in the provenance by which code and claims; else that stays as it is.

    Raises:
        ConfigError: a file of the record was changed, or it keeps no spec of the study.
    """
    found = load_study(folder, study)
    for path, problem in found.seal.damage().items():  # what is made again need not be what can be read today
        raise ConfigError(f"{path}: {problem}")
    spec = found.spec.whole().model_copy(update={"folder": source, "studies": studies})
    said = read_json(found.provenance.path)
    if today:
        said = {**said, "frozen": frozen(spec, _first(said)), "tabulated": {"date_utc": now(), **commit()}}
        write_json(found.provenance.path, said)
    write(spec, _facts(spec), said.get("frozen"), {name: folder / f"{study}{end}" for name, end in MADE.items()})
    seal_study(folder, study)


def _facts(spec: StudySpec) -> dict[str, Path]:
    return {name: spec.folder / f"{name}.yaml" for name in ("paper", "claims")}


def _first(said: dict) -> str:
    """When the first run of a study ended, or, where nobody noted that, its table was made."""
    return (said.get("frozen") or {}).get("first_run_utc") or said["date_utc"]
