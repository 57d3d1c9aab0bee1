"""A changed recipe starts with fresh seeds: those of its study's earlier records have been looked at."""

from pathlib import Path

from shared.record.files import study_names
from shared.record.history import FILE, Past
from shared.record.kept import read_spec, spec_path
from shared.record.table import read_models


def first_seeds(results: Path, label: str, source: str, recipes: dict[str, str]) -> dict[str, int]:
    """Where the seeds of a source's studies begin.

    A study whose record is of a look, by the recipe of today, goes on with that record's seeds. The others begin
    together, so that they can share trainings: past all that their records used, and not before the first kind.

    Args:
        results, label: where the record lies.
        source: its name.
        recipes: study → hash of the config of all its variants.

    Raises:
        ConfigError: a file of the record is damaged.
    """
    folder = results / label
    recorded = set(study_names(folder / source)) & recipes.keys()
    specs = {each: read_spec(path) for each in recorded if (path := spec_path(folder / source, each)).exists()}
    looked = {study: spec for study, spec in specs.items() if spec.sequential and spec.config_hash == recipes[study]}
    same = {study: min(spec.seeds) for study, spec in looked.items()}
    changed = recipes.keys() - same.keys()
    path = folder / FILE
    past = read_models(path, Past) if path.exists() else []
    used = [each.last_seed for each in past if each.source == source and each.study in changed]
    used += [max(spec.seeds) for study, spec in specs.items() if study in changed]
    start = max([0, *same.values(), *(seed + 1 for seed in used if seed is not None)])
    return {study: same.get(study, start) for study in recipes}
