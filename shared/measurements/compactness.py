"""Compactness: how many dimensions a latent used, as curves over the steps of its training and at its end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shared.config import ConfigError
from shared.files import beside, finite, read_csv
from shared.measurements.base import Collected, Measurement, Replicated
from shared.metrics.statistic import AT_LEAST_0, Statistic
from shared.tensors import damaged, read_tensors

COLUMNS = ("step", "stage_begins", "quantity", "rule", "fidelity", "value", "low", "high")
FILE = "compactness.csv"
REPLICATES_FILE = "replicates.safetensors"  # beside it
PAPERS_RULE = "singular_values"
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
        """Index of the step that a statistic is of: the last one or, if it ends in BEFORE, that of the last border.

        None: there is one stage alone, or no snapshot before the last.
        """
        return places(self.steps, self.stage_begins[-1])[name.endswith(BEFORE)]


def places(steps: Iterable[int], last_begins: int) -> tuple[int, int | None]:
    """Indices of the last step and, if there is one, of the last that was done as the last stage began."""
    steps = list(steps)
    earlier = sum(step <= last_begins for step in steps)
    return len(steps) - 1, earlier - 1 if earlier else None


def read_compactness(path: Path) -> Compactness:
    """Read a compactness.csv.

    Raises:
        ConfigError: it is missing or damaged; the message names it and what to do.
    """
    _, rows = read_csv(path, "delete it and run again")
    try:
        found: dict[tuple[str, str, str], list[tuple[float, ...]]] = {}
        begins: dict[int, int] = {}
        for row in rows:
            begins[int(row["step"])] = int(row["stage_begins"])
            numbers = tuple(finite(row[name]) if row[name] else np.nan for name in ("value", "low", "high"))
            found.setdefault((row["quantity"], row["rule"], row["fidelity"]), []).append(numbers)
    except (KeyError, ValueError):
        begins, found = {}, {}
    if not set(SHOWN.values()) <= found.keys() or any(len(each) != len(begins) for each in found.values()):
        raise ConfigError(f"{path}: no compactness in this file; delete it and run again")
    curves = {key: Curve(*np.array(each).T) for key, each in found.items()}
    return Compactness(np.array(list(begins)), np.array(list(begins.values())), curves, Path(path))


def read_replicates(compactness: Compactness) -> tuple[np.ndarray, int]:
    """Replicates `(2, len(SHOWN), replicates)` of what tables show at the last step and as the last stage began (NaN
    where there is no such step); and how many clips were drawn.

    Raises:
        ConfigError: the file beside the curves is missing or damaged.
    """
    path = beside(compactness.path, FILE, REPLICATES_FILE)
    found, _ = read_tensors(path, "replicates", "clips", framework="numpy", delete="the folder")
    replicates, clips = found["replicates"], found["clips"]
    if replicates.ndim != 3 or replicates.shape[:2] != (2, len(SHOWN)) or clips.ndim or not clips > 0:
        raise damaged(path, f"it is not of the curves in {compactness.path.name}", "the folder")
    return replicates, int(clips)


def _at_place(compactness: Compactness, replicates: np.ndarray, name: str) -> tuple[float, np.ndarray]:
    """Value and replicates of a statistic."""
    shown = name.removesuffix(BEFORE)
    value = float(compactness.curves[SHOWN[shown]].value[compactness.place(name)])
    return value, replicates[int(shown != name), list(SHOWN).index(shown)].astype(float)


class LatentCompactness(Measurement):
    """How many dimensions the latent used, through the training and when it ended."""

    name, place = "compactness", 50
    about = "how many dimensions the latent uses, through the training"
    subject = "training"
    job = "shared.measurements.jobs.compactness"
    beside = (REPLICATES_FILE,)
    gpu, minutes = False, 60
    statistics = tuple(
        Statistic(name + end, label + when, False, digits=1, of_set=True, bounds=AT_LEAST_0)
        for end, when in (("", ""), (BEFORE, ", before the last stage"))
        for name, label in (
            *((f"dims{fidelity}", f"Effective dims (f = 0.{fidelity})") for fidelity in (80, 90, 95, 99)),
            ("active_dims", "Active dims (KL > 0.1 nats)"),
        )
    )

    def problem(self, variant: Any) -> str | None:
        """It is read from what the training keeps of its encoder."""
        if variant.autoencoder.snapshots is not None:
            return None
        needed = "give autoencoder.snapshots, such as {every: 1000}"
        return f"which is read from what the training keeps of its encoder: {needed}"

    def read(self, path: Path) -> Compactness:
        """See `read_compactness`."""
        return read_compactness(path)

    def collect(self, variants: list[str], found: Mapping[str, list[Compactness]]) -> Collected:
        """The statistics, which all variants have, or none.

        Raises:
            ConfigError: two trainings were looked at on other numbers of clips.
        """
        names = [each.name for each in self.statistics]
        if not found:
            return Collected()
        if set(variants) - found.keys():
            why = "evaluation.reconstruction of some variant does not ask for compactness"
            return Collected(missing=dict.fromkeys(names, why))
        trainings = [[(each, *read_replicates(each)) for each in found[variant]] for variant in variants]
        (clips, *others) = {clips for seeds in trainings for *_, clips in seeds}
        if others:
            path, mend = trainings[0][0][0].path, "give all the same snapshots.clips"
            raise ConfigError(f"{path}: of another number of clips than other variants; {mend}")
        collected = Collected()
        for name in names:
            if any(each.place(name) is None for seeds in trainings for each, *_ in seeds):
                collected.missing[name] = f"{name}: the training has one stage, or no snapshot before the last"
                continue
            parts = [[_at_place(*each[:2], name) for each in seeds] for seeds in trainings]
            values, drawn = (np.array([[part[k] for part in seeds] for seeds in parts]) for k in (0, 1))
            if np.isfinite(values).all():
                collected.replicated[name] = Replicated(values, drawn, clips)
            else:
                collected.missing[name] = f"{name}: a latent without noise has no finite KL"
        return collected
