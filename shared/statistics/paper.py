"""`paper.yaml`: the published numbers, each with where it is printed and how far it is to be trusted."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from shared.config import ConfigError, Strict, did_you_mean, parse
from shared.statistics.catalogue import find_statistic
from shared.statistics.scores import GROUND_TRUTH
from shared.yaml_file import load_yaml

Trust = Literal["primary", "secondary", "seed only"]
Values = dict[str, dict[Literal["reconstruction", "generation"], dict[str, float]]]


class Published(Strict):
    """Values of a table or figure: variant (or `ground_truth`) → side → metric → value, rates as fractions."""

    study: str
    where: str
    trust: Trust
    note: str = ""
    values: Values


class PaperFile(Strict):
    """`paper.yaml` as written."""

    paper: str
    published: list[Published] = Field(default_factory=list)


class PaperValue(Strict):
    """One published number."""

    value: float
    where: str
    trust: Trust


def load_paper(path: Path, studies: dict[str, list[str]]) -> dict[tuple[str, str, str, str], PaperValue]:
    """Published values by `(study, variant, side, metric)`; no file, no values.

    Raises:
        ConfigError: the file names what does not exist, or gives a number twice.
    """
    if not Path(path).exists():
        return {}
    found: dict[tuple[str, str, str, str], PaperValue] = {}
    for index, table in enumerate(parse(PaperFile, load_yaml(path), str(path)).published):
        where = f"{path}: published.{index} ({table.where})"
        if table.study not in studies:
            raise ConfigError(f"{where}: no study {table.study!r}{did_you_mean(table.study, studies)}")
        known = [*studies[table.study], GROUND_TRUTH]
        for variant, sides in table.values.items():
            if variant not in known:
                raise ConfigError(f"{where}: no variant {variant!r}{did_you_mean(variant, known)}")
            for side, metrics in sides.items():
                for metric, value in metrics.items():
                    find_statistic(metric, where)
                    if (key := (table.study, variant, side, metric)) in found:
                        raise ConfigError(f"{where}: {variant}.{side}.{metric} is given twice")
                    found[key] = PaperValue(value=value, where=table.where, trust=table.trust)
    return found
