"""A measurement of latents: a class in the module of its name, which nothing else lists.

    shared/measurements/spread.py:   class Spread(ByClip): name = "spread"; …

`evaluation.reconstruction` or `evaluation.generation` of study.yaml asks for it by this name, beside the metrics of
clips. It is made by a job of its own, and what the class says of itself is all that plans, rules, tables, figures and
the record know of it.

Plans read these classes, so that such a module imports nothing slow at its top: no torch. What computes lies in
functions that import it, or in `shared.measurements.jobs`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from shared.metrics.statistic import LAST, Statistic
from shared.named import all_named, find_named

PACKAGE = "shared.measurements"
Side = Literal["reconstruction", "generation"]
Subject = Literal["training", "autoencoder", "generator"]
SIDES: dict[Subject, Side] = {"training": "reconstruction", "autoencoder": "reconstruction", "generator": "generation"}


class Alone(NamedTuple):
    """A value that has no interval: of how many clips, over how many seeds."""

    value: float
    clips: int
    seeds: int


class Replicated:
    """A statistic of all variants, which the jobs that measured it have bootstrapped over their clips.

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

    def deviations(self) -> np.ndarray:
        """`(variants, seeds, replicates)`, whose products summed are the covariance; NaN of one clip."""
        if self.clips < 2:
            return np.full_like(self.drawn, np.nan)
        return (self.drawn - self.drawn.mean(axis=2, keepdims=True)) / np.sqrt(self.drawn.shape[2])


@dataclass(frozen=True)
class Collected:
    """What a study's table gets, by statistic.

    Attributes:
        replicated: of all variants, with what intervals are made of.
        alone: variant → its value, which has no interval.
        missing: why there is none, or none that a claim could be tested on.
    """

    replicated: dict[str, Replicated] = field(default_factory=dict)
    alone: dict[str, dict[str, Alone]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


class Measurement(ABC):
    """What is measured of a latent, by a job of its own.

    Attributes:
        name: that of its module, of the kind of job, and of the file that the job writes, `name.csv`.
        formerly: its names in records and studies of before.
        about: what it measures, for people.
        subject: what the job is given. `training`: the snapshots that the autoencoder's training kept of its encoder;
            `autoencoder`: the corpus, the autoencoder and the corpora that it learned from; `generator`: the corpus,
            the autoencoder and the generator, as the job that samples.
        job: module that does it; by default its own.
        statistics: what tables show of it.
        beside: files that the job writes beside it and that the table needs, too.
        columns: of its file, where it is by clip.
        place: where its statistics stand in tables, after those of metrics; equals stand by the alphabet.
        gpu: whether the job runs models.
        minutes: that the job may take on a cluster.
    """

    name: ClassVar[str]
    formerly: ClassVar[tuple[str, ...]] = ()
    about: ClassVar[str]
    subject: ClassVar[Subject]
    job: ClassVar[str] = ""
    statistics: ClassVar[tuple[Statistic, ...]]
    beside: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[str, ...]] = ()
    place: ClassVar[int] = LAST
    gpu: ClassVar[bool] = True
    minutes: ClassVar[int] = 240
    by_clip: ClassVar[bool] = False

    @property
    def side(self) -> Side:
        """Where a study asks for it."""
        return SIDES[self.subject]

    @property
    def module(self) -> str:
        """The module that does it."""
        return self.job or f"{PACKAGE}.{self.name}"

    @property
    def file(self) -> str:
        """What the job writes, in its folder."""
        return f"{self.name}.csv"

    def problem(self, variant: Any) -> str | None:
        """Why a variant, given its resolved config, has none; or None."""
        return None

    @abstractmethod
    def read(self, path: Path) -> Any:
        """What its file says, for figures and `collect`.

        Raises:
            ConfigError: the file is missing or damaged.
        """

    @abstractmethod
    def collect(self, variants: list[str], found: Mapping[str, list[Any]]) -> Collected:
        """What the study's table shows of it.

        Args:
            variants: of the study.
            found: variant → by seed what `read` gave, of the variants that ask for it.

        Raises:
            ConfigError: two files do not go together.
        """


class ByClip(Measurement):
    """One that has a row for each test clip, as metrics have: its statistics are sums over clips.

    The main program of its job is `run_by_clip` of `shared.measurements.jobs.by_clip`. `columns` are by default those
    that its statistics need.
    """

    subject = "autoencoder"
    by_clip = True

    def __init_subclass__(cls):
        super().__init_subclass__()
        if "columns" not in vars(cls):
            cls.columns = tuple(dict.fromkeys(column for each in cls.statistics for column in each.columns()))

    def read(self, path: Path) -> Any:
        """Its files are read as scores are, and not here."""
        raise NotImplementedError

    def collect(self, variants: list[str], found: Mapping[str, list[Any]]) -> Collected:
        """Its files are read as scores are, and not here."""
        raise NotImplementedError


def find_measurement(name: str) -> Measurement | None:
    """The measurement that is called so now; None: there is none."""
    found = find_named(Measurement, PACKAGE, name)
    return None if found is None else found()


@cache
def measurements() -> tuple[Measurement, ...]:
    """All measurements, in the order of tables; all of the package is imported for it."""
    found = (each() for each in all_named(Measurement, PACKAGE))
    return tuple(sorted(found, key=lambda each: (each.place, each.name)))


def kept_names() -> dict[str, Measurement]:
    """By each name that a record's file may go by, the measurement that wrote it."""
    return {name: each for each in measurements() for name in (each.name, *each.formerly)}
