"""A metric: a class in the module of its name, which nothing else lists.

    shared/metrics/loudness.py:   class Loudness(Metric): name = "loudness"; …

`evaluation.reconstruction` and `evaluation.generation` of study.yaml ask for it by this name. What the class says of
itself is all that checks, scoring, tables and claims know of it. An object of the class is the metric made ready, its
models loaded: called with a clip, it gives the values of the metric's columns in scores.csv.

Plans read these classes, so that a metric's module imports nothing slow at its top: no torch, no librosa.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic_core import PydanticCustomError

from shared.config import ConfigError, did_you_mean
from shared.metrics.failure import NotMeasured
from shared.metrics.statistic import LAST, Statistic
from shared.named import all_named, find_named
from shared.sampling.clips import GeneratedClip

PACKAGE = "shared.metrics"
BY_CHANNEL = "mean over the channels"
OF_MEAN = "of the channels' mean, as the model is mono"
LEFT_AND_RIGHT = "of left and right"


@dataclass(frozen=True)
class Case:
    """One clip with all it may be compared with.

    Attributes:
        clip: the clip's entry.
        audio: its samples, `(time,)`, or `(2, time)` in a stereo set, as all of the others.
        reference: the signal it should equal, if it has one.
        voice: corpus id and samples of the clip whose voice it should have: the prompt, else the reference.
        given: how many samples it begins with that were given, not generated.
        sample_rate: of all of them, in Hz.
    """

    clip: GeneratedClip
    audio: np.ndarray
    reference: np.ndarray | None
    voice: tuple[str, np.ndarray] | None
    sample_rate: int
    given: int = 0


@dataclass(frozen=True)
class Setup:
    """What a metric may be made ready with.

    Attributes:
        models: a folder, file or hub id of each evaluator that there is, by its name in `evaluators` of study.yaml.
        settings: the scoring job's config.
        threads: of models that set their own.
        corpus: manifest of the corpus that the clips stand for.
    """

    models: dict[str, str] = field(default_factory=dict)
    settings: Any = None
    threads: int = 1
    corpus: Path | None = None


class Metric(ABC):
    """A metric, made ready. Its class says what it is.

    Attributes:
        name: that of its module.
        statistics: what tables show of it.
        columns: of scores.csv, in the order of its values; by default its statistics' own.
        place: where its columns stand in scores.csv; equals stand by the alphabet.
        before_text: whether its columns stand before all others', beside the text, as what was heard does.
        evaluator: the model of `evaluators` that it uses.
        package: of `envs/evaluators.txt`, with a model inside, that it needs.
        needs_reference: it compares a clip with its reference, and is left out of a set without references.
        needs_notes: it compares a clip with the notes of its piece, which only music that is made here has.
        of_set: it compares a set of clips with the ground truth's; see `SetMetric`.
        demands: what a corpus must have where its evaluator is trained on it: a name of `evaluable.DEMANDS`.
        stereo: what it makes of two channels; None: it is of one channel by definition, as a voice is.
        stereo_only: it compares left with right.
        level_dbov: active level that it hears every clip at; None: the clip's own counts.
        sample_rate: that it works at, in Hz; None: the clip's.
        estimator: what its values are, for scores.json.
        model: the evaluator, loaded, with its `name`, `weights_sha256` and `sample_rate`.
    """

    name: ClassVar[str]
    statistics: ClassVar[tuple[Statistic, ...]]
    columns: ClassVar[tuple[str, ...]]
    place: ClassVar[int] = LAST
    before_text: ClassVar[bool] = False
    evaluator: ClassVar[str | None] = None
    package: ClassVar[str | None] = None
    needs_reference: ClassVar[bool] = False
    needs_notes: ClassVar[bool] = False
    of_set: ClassVar[bool] = False
    demands: ClassVar[str | None] = None
    stereo: ClassVar[str | None] = None
    stereo_only: ClassVar[bool] = False
    level_dbov: ClassVar[float | None] = None
    sample_rate: ClassVar[int | None] = None
    estimator: str
    model: Any = None

    def __init_subclass__(cls):
        super().__init_subclass__()
        if "statistics" in vars(cls) and "columns" not in vars(cls):
            columns = (column for each in cls.statistics if not each.of_set for column in each.columns())
            cls.columns = tuple(dict.fromkeys(columns))

    def __init__(self, setup: Setup):
        """Load what it needs.

        Raises:
            ConfigError: its model can't be loaded, or the corpus lacks what it needs.
        """
        self.setup = setup

    @abstractmethod
    def __call__(self, case: Case) -> tuple[Any, ...]:
        """Values in the order of the columns.

        Raises:
            NotMeasured: there are none; the message says why.
        """

    def provenance(self) -> dict[str, Any]:
        """How the values were estimated, for scores.json; of a model that hears every clip at one level, that too."""
        model, level = self.model, {} if self.level_dbov is None else {"level_dbov": self.level_dbov}
        return {
            "estimator": self.estimator,
            "embedder": model and model.name,
            "weights_sha256": model and model.weights_sha256,
            "sample_rate": model.sample_rate if model else self.sample_rate,
            **level,
        }


class OfTwoSignals(Metric):
    """A function of a clip and its reference, `function(reference, clip, sample_rate)`.

    Of stereo it is the mean over the channels, or what the function makes of both at once (`stereo_only`).
    """

    needs_reference = True
    function: Callable[[np.ndarray, np.ndarray, int], float]

    def __call__(self, case: Case) -> tuple[float]:
        if case.reference is None:
            raise NotMeasured("the clip has no reference")
        if self.stereo_only or case.audio.ndim == 1:
            return (self.function(case.reference, case.audio, case.sample_rate),)
        channels = zip(case.reference, case.audio, strict=True)
        return (float(np.mean([self.function(*pair, case.sample_rate) for pair in channels])),)


def find_metric(name: str) -> type[Metric]:
    """The metric of this name; its module is imported if need be.

    Raises:
        ConfigError: there is none.
    """
    found = find_named(Metric, PACKAGE, name)
    if found is None:
        raise ConfigError(f"no metric {name!r}{did_you_mean(name, (each.name for each in metrics()))}")
    return found


@cache
def metrics() -> tuple[type[Metric], ...]:
    """All metrics in the order of their columns in scores.csv; all of the package is imported for it."""
    return in_order(all_named(Metric, PACKAGE))


def in_order(some: Iterable[type[Metric]]) -> tuple[type[Metric], ...]:
    """Metrics in the order of their columns in scores.csv."""
    return tuple(sorted(some, key=lambda each: (each.place, each.name)))


def chosen(names: Iterable[str]) -> tuple[type[Metric], ...]:
    """The metrics of these names, in the order of their columns in scores.csv."""
    return in_order({find_metric(name) for name in names})


def modules_of(names: Iterable[str]) -> set[str]:
    """The modules of these metrics: what a scoring job runs beside what it imports."""
    return {f"{PACKAGE}.{find_metric(name).name}" for name in names}


def known_metric(name: str) -> str:
    """A metric's name, checked; a field of a config is `Annotated[str, AfterValidator(known_metric)]`."""
    try:
        find_metric(name)
    except ConfigError as error:
        raise PydanticCustomError("metric", "{message}", {"message": str(error)}) from None
    return name


def channels_problem(names: Collection[str], channels: int) -> str | None:
    """Why clips of 1 or 2 `channels` have no values of some of the metrics, or None."""
    if channels == 1:
        wrong = [each.name for each in chosen(names) if each.stereo_only]
        return f"{', '.join(wrong)}: of stereo alone, and the corpus has channels: 1; drop it" if wrong else None
    wrong = [each.name for each in chosen(names) if each.stereo is None]
    return f"{', '.join(wrong)}: of one channel alone, and the corpus has channels: 2; drop it" if wrong else None
