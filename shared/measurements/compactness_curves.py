"""How compact a latent was through its training, as a study reads it: curves over the steps, and what tables show."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from shared.bootstrap import Draws
from shared.config import ConfigError

COLUMNS = ("step", "stage_begins", "quantity", "rule", "fidelity", "value", "low", "high")
REPLICATES_FILE = "replicates.safetensors"  # beside compactness.csv
PAPERS_RULE = "singular_values"
SIDE = "reconstruction"  # the autoencoder's
BEFORE = "_before"  # ends the name of what was measured as the last stage began
# Statistic of tables and claims → what it is in compactness.csv.
SHOWN = {
    **{f"dims{100 * float(f):.0f}": ("effective_dims", PAPERS_RULE, f) for f in ("0.8", "0.9", "0.95", "0.99")},
    "active_dims": ("active_dims", "", ""),
}


class Curve(NamedTuple):
    """One quantity over the steps, with its 95 % interval; NaN where there is none. Each `(steps,)`."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Compactness:
    """Of one training.

    Attributes:
        steps: that were done when the encoder was looked at, ascending.
        stage_begins: the steps that were done when the stage of each began; `(steps,)` both.
        curves: `(quantity, rule, fidelity)` as in the file → over the steps.
        path: the file.
    """

    steps: np.ndarray
    stage_begins: np.ndarray
    curves: dict[tuple[str, str, str], Curve]
    path: Path

    @property
    def borders(self) -> list[int]:
        """Steps at which a stage gives way to the next."""
        return [int(step) for step in np.unique(self.stage_begins) if step > 0]

    def place(self, name: str) -> int | None:
        """Index of the step that a quantity is of: the last one or, if it ends in BEFORE, that of the last border.

        None: there is one stage alone, or no snapshot before the last.
        """
        if not name.endswith(BEFORE):
            return len(self.steps) - 1
        earlier = int((self.steps <= self.stage_begins[-1]).sum())
        return earlier - 1 if earlier else None


class Replicated:
    """A quantity of all variants, which the jobs that measured it have bootstrapped over their clips.

    All drew the same clips, so that differences of variants and of steps are differences of pairs.

    Args:
        values: `(variants, seeds)`.
        drawn: `(variants, seeds, replicates)`.
        clips: of each.
    """

    def __init__(self, values: np.ndarray, drawn: np.ndarray, clips: int):
        self.by_seed, self.drawn, self.clips = values, drawn, clips

    def values(self) -> np.ndarray:
        """Mean over seeds, `(variants,)`."""
        return self.by_seed.mean(axis=1)

    def replicates(self, draws: Draws) -> np.ndarray:
        """The same with seeds drawn, too, `(variants, replicates)`; NaN of one clip, which can't be drawn otherwise."""
        if self.clips < 2:
            return np.full((len(self.by_seed), len(draws.seeds)), np.nan)
        return (self.drawn * draws.seeds.T).sum(axis=1) / draws.seeds.sum(axis=1)


def read_compactness(path: Path) -> Compactness:
    """Read a compactness.csv.

    Raises:
        ConfigError: it is missing or damaged; the message names it and what to do.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        found: dict[tuple[str, str, str], list[tuple[float, ...]]] = {}
        begins: dict[int, int] = {}
        for row in rows:
            begins[int(row["step"])] = int(row["stage_begins"])
            numbers = tuple(float(row[name] or "nan") for name in ("value", "low", "high"))
            found.setdefault((row["quantity"], row["rule"], row["fidelity"]), []).append(numbers)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (KeyError, TypeError, ValueError):
        begins, found = {}, {}
    if not set(SHOWN.values()) <= found.keys() or any(len(each) != len(begins) for each in found.values()):
        raise ConfigError(f"{path}: no compactness in this file; delete it and run again")
    curves = {key: Curve(*np.array(each).T) for key, each in found.items()}
    return Compactness(np.array(list(begins)), np.array(list(begins.values())), curves, Path(path))


def read_replicates(compactness: Compactness) -> tuple[np.ndarray, int]:
    """Replicates `(steps, names, replicates)`, names in the order of the curves; and how many clips were drawn.

    Raises:
        ConfigError: the file beside the curves is missing or damaged.
    """
    path = compactness.path.with_name(REPLICATES_FILE)
    try:
        found = load_file(path)
    except (FileNotFoundError, SafetensorError) as error:
        raise ConfigError(f"{path}: {error}; delete the folder and run again") from None
    return found["replicates"], int(found["clips"])


def read_all(files: dict[tuple[str, int], Path]) -> dict[str, list[Compactness]]:
    """Variant → how compact its latents were, by seed, from the files by variant and seed."""
    found: dict[str, list[Compactness]] = {}
    for (variant, _), path in files.items():
        found.setdefault(variant, []).append(read_compactness(path))
    return found


def collect(variants: list[str], found: dict[str, list[Compactness]]) -> tuple[dict[str, Replicated], dict[str, str]]:
    """The quantities of tables and claims, by name; and of those that are not there, why.

    Raises:
        ConfigError: two trainings were looked at on other numbers of clips.
    """
    names = [name + end for end in ("", BEFORE) for name in SHOWN]
    if set(variants) - found.keys():
        return {}, dict.fromkeys(names, "evaluation.reconstruction of some variant does not ask for compactness")
    trainings = [[(each, *read_replicates(each)) for each in found[variant]] for variant in variants]
    (clips, *others) = {clips for seeds in trainings for *_, clips in seeds}
    if others:
        path = trainings[0][0][0].path
        raise ConfigError(f"{path}: of another number of clips than other variants; give all the same snapshots.clips")
    measured: dict[str, Replicated] = {}
    missing: dict[str, str] = {}
    for name in names:
        if any(each.place(name) is None for seeds in trainings for each, *_ in seeds):
            missing[name] = f"{name}: the training has one stage, or no snapshot before the last"
            continue
        parts = [[_at_place(*each[:2], name) for each in seeds] for seeds in trainings]
        values, drawn = (np.array([[part[k] for part in seeds] for seeds in parts]) for k in (0, 1))
        if np.isfinite(values).all():
            measured[name] = Replicated(values, drawn, clips)
        else:
            missing[name] = f"{name}: a latent without noise has no finite KL"
    return measured, missing


def _at_place(compactness: Compactness, replicates: np.ndarray, name: str) -> tuple[float, np.ndarray]:
    """Value and replicates of a quantity of tables."""
    key, place = SHOWN[name.removesuffix(BEFORE)], compactness.place(name)
    return compactness.curves[key].value[place], replicates[place, list(compactness.curves).index(key)].astype(float)
