"""A relation that a claim states: a class in the module of its name, which nothing else lists.

    shared/statistics/relations/doubles.py:   class Doubles(Relation): name = "doubles"; …

`relation: doubles` in claims.yaml asks for it. The class says what a claim must give with it, how far the claim holds,
and how to put that in a sentence.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

import numpy as np
from pydantic_core import PydanticCustomError

from shared.config import did_you_mean
from shared.named import all_named, find_named
from shared.statistics.catalogue import STATISTICS, find_statistic
from shared.statistics.inference import Effect, Outcome, Runs, contrast
from shared.statistics.words import show

if TYPE_CHECKING:
    from shared.statistics.claims import Claim

PACKAGE = "shared.statistics.relations"
SIDES = {"reconstruction": "Reconstruction", "generation": "Generation"}
Need = tuple[str, str]  # side and metric
Given = TypeVar("Given")


class Cell(Protocol):
    """A row of the study's table, with a value."""

    @property
    def variant(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def setting(self) -> str | None: ...
    @property
    def value(self) -> float: ...


@dataclass(frozen=True)
class Measured:
    """A metric of a claim's variants.

    Attributes:
        runs: of all variants of the study, which tell how much trainings vary.
        places: of the claim's variants among them.
        sign: 1 where higher is better, else -1.
        settings: what the study's axis sets for the claim's variants, if it has an axis.
    """

    runs: Runs
    places: list[int]
    sign: int
    settings: Sequence[Any] = ()

    def __len__(self) -> int:
        return len(self.places)

    def effect(self, weights: Mapping[int, float]) -> Effect:
        """Σ weights · means; by place in the claim, counted from the end where below zero."""
        c = np.zeros(len(self.runs.values))
        for place, weight in weights.items():
            c[self.places[place]] += weight
        return contrast(self.runs, c)

    def better(self, one: int, other: int) -> Effect:
        """By how much one variant is better than another."""
        return self.effect({one: self.sign, other: -self.sign})

    def higher(self, one: int, other: int) -> Effect:
        """By how much one variant's value is above another's."""
        return self.effect({one: 1, other: -1})

    def over_settings(self) -> "Measured":
        """The claim's variants alone, each in shares of what the axis sets for it, which vary alike."""
        runs, settings = self.runs.of(self.places), np.array(self.settings, dtype=float)[:, None]
        scaled = Runs(runs.values / settings, runs.deviations / settings[..., None], runs.shared)
        return replace(self, runs=scaled, places=list(range(len(self))))

    def best(self) -> int:
        """The best variant's place in the claim."""
        return int(np.argmax(self.sign * self.runs.means()[self.places]))

    def less(self, other: "Measured") -> "Measured":
        """The difference of two metrics within each run."""
        return replace(self, runs=self.runs.less(other.runs))


Cells = Mapping[tuple[str, str, str], Cell]  # by variant, side and metric


class Relation(ABC):
    """What a claim says of the values of its variants.

    Order is tested on the scale on which a metric is analysed, equality in the metric's own unit.

    Attributes:
        name: that of its module.
        least: variants that a claim needs at least.
        most: variants that it may have at most; None: any number.
        tolerant: whether a claim needs a `tolerance`; without, it may not have one.
        against: whether it compares the metric with another one of the same side, the claim's `against`.
        both_sides: whether it compares the metric of reconstruction with the claim's `against` of generation.
        directed: whether it asks which of two values is better, so that a claim may say so by `direction`.
        least_control: variants of a control, where it is tolerant.
        of_setting: it compares values with what the study's axis sets, and its differences are shares of that.
    """

    name: ClassVar[str]
    least: ClassVar[int] = 2
    most: ClassVar[int | None] = None
    tolerant: ClassVar[bool] = False
    against: ClassVar[bool] = False
    both_sides: ClassVar[bool] = False
    directed: ClassVar[bool] = False
    least_control: ClassVar[int] = 2
    of_setting: ClassVar[bool] = False

    def problem(self, claim: "Claim") -> str | None:
        """Why a claim does not fit, or None."""
        count, most = len(claim.variants), self.most
        if count < self.least or (most is not None and count > most):
            bound = "exactly" if most == self.least else "at least"
            return f"{self.name} needs {bound} {self.least} variant{'s' if self.least > 1 else ''}"
        asked = {"tolerance": self.tolerant, "control": self.tolerant, "against": self.against or self.both_sides}
        for field, needed in asked.items():
            if (getattr(claim, field) is not None) != needed:
                return f"{self.name} {f'needs {field}' if needed else f'takes no {field}'}"
        if claim.direction is not None and not self.directed:
            return f"{self.name} takes no direction: it does not ask which value is better"
        if claim.control is not None and len(claim.control) < self.least_control:
            return f"{self.name} needs a control of at least {self.least_control} variants"
        if claim.control is not None and not self.of_setting and set(claim.control) <= set(claim.variants):
            return "control: the claim itself says that these do not differ"
        if self.against and (problem := _unlike(claim.metric, given(claim.against))):
            return problem
        if (claim.side is None) != self.both_sides:
            return f"{self.name} is of both sides: it takes no side" if claim.side else f"{self.name} needs side"
        return None

    @property
    def plain(self) -> bool:
        """Whether it is tested in the metric's own unit."""
        return self.tolerant

    def needs(self, claim: "Claim") -> list[Need]:
        """The `(side, metric)` pairs that a claim is tested on."""
        return [(given(claim.side), metric) for metric in (claim.metric, claim.against) if metric is not None]

    @abstractmethod
    def test(self, claim: "Claim", measured: list["Measured"]) -> Outcome:
        """What the runs say of the claim.

        Args:
            claim: the claim.
            measured: for each of `needs` the metric of the claim's variants.
        """

    def control(self, claim: "Claim", measured: list["Measured"]) -> Outcome:
        """The same of the variants for which it would be false."""
        return self.test(claim, measured)

    @abstractmethod
    def sentence(self, claim: "Claim", cells: Cells) -> str:
        """Our values that the claim compares, in words; without the margin, which follows them."""


def _unlike(metric: str, other: str) -> str | None:
    """Why two metrics have no difference, or None; of metrics that there are not, others complain."""
    if metric == other:
        return f"against: {metric} would be compared with itself"
    one, two = STATISTICS.get(metric), STATISTICS.get(other)
    if one and two and (one.analysed, one.percent, one.of_set) != (two.analysed, two.percent, two.of_set):
        return f"against: {metric} and {other} are no values of one unit"
    return None


def find_relation(name: str) -> Relation:
    """The relation of this name.

    Raises:
        KeyError: there is none.
    """
    found = find_named(Relation, PACKAGE, name)
    if found is None:
        raise KeyError(name)
    return found()


@cache
def relations() -> list[str]:
    """Names of all relations."""
    return [each.name for each in all_named(Relation, PACKAGE)]


def modules_of_relations(names: Iterable[str]) -> set[str]:
    """The modules of these relations: what runs beside what is imported where claims of them are tested."""
    return {f"{PACKAGE}.{name}" for name in names}


def known_relation(name: str) -> str:
    """A relation's name, checked."""
    if find_named(Relation, PACKAGE, name) is None:
        message = f"no relation {name!r}{did_you_mean(name, relations())}"
        raise PydanticCustomError("relation", "{message}", {"message": message})
    return name


def given(value: Given | None) -> Given:
    """What a claim gives because its relation asks for it, as `Relation.problem` has made sure."""
    if value is None:
        raise ValueError("the claim does not fit its relation")
    return value


def sign_of(claim: "Claim", metric: str) -> int:
    """1 where a higher value of the metric is better, else -1; the claim may say so of its own."""
    higher = find_statistic(metric, "claim").higher_is_better
    if metric == claim.metric and claim.direction is not None:
        higher = claim.direction == "higher"
    return 1 if higher else -1


def what(need: Need) -> str:
    """A metric of a side in words: `Generation WER`."""
    side, metric = need
    return f"{SIDES[side]} {STATISTICS[metric].label}"


def named(claim: "Claim", need: Need, cells: Cells) -> list[tuple[str, str]]:
    """`(label, value)` of each variant."""
    found = [cells[(name, *need)] for name in claim.variants]
    return [(row.label, show(STATISTICS[need[1]], row.value)) for row in found]


def in_order(claim: "Claim", need: Need, cells: Cells) -> str:
    """The values of all variants, one after the other."""
    return f"{what(need)} {', '.join(f'{value} ({label})' for label, value in named(claim, need, cells))}"


def against_in_words(claim: "Claim", needs: list[Need], cells: Cells) -> str:
    """The values of each variant by two metrics, one against the other."""
    first, second = needs
    pairs = zip(named(claim, first, cells), named(claim, second, cells), strict=True)
    values = ", ".join(f"{ours} against {other} ({label})" for (label, ours), (_, other) in pairs)
    return f"{what(first)}, against {STATISTICS[second[1]].label}: {values}"
