"""A relation that a claim states: a class in the module of its name, which nothing else lists.

    shared/statistics/relations/doubles.py:   class Doubles(Relation): name = "doubles"; …

`relation: doubles` in claims.yaml asks for it. The class says what a claim must give with it, how far the claim holds,
and how to put that in a sentence.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

import numpy as np
from pydantic_core import PydanticCustomError

from shared.config import did_you_mean
from shared.named import all_named, find_named
from shared.statistics.catalogue import STATISTICS, find_statistic
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


Cells = Mapping[tuple[str, str, str], Cell]  # by variant, side and metric


class Relation(ABC):
    """What a claim says of the values of its variants.

    Attributes:
        name: that of its module.
        least: variants that a claim needs at least.
        most: variants that it may have at most; None: any number.
        tolerant: whether a claim needs a `tolerance`; without, it may not have one.
        against: whether it compares the metric with another one of the same side, the claim's `against`.
        both_sides: whether it compares the metric of reconstruction with the claim's `against` of generation.
        directed: whether it asks which of two values is better, so that a claim may say so by `direction`.
        of_setting: the margin is a share of what the study's axis sets, not a difference of values.
    """

    name: ClassVar[str]
    least: ClassVar[int] = 2
    most: ClassVar[int | None] = None
    tolerant: ClassVar[bool] = False
    against: ClassVar[bool] = False
    both_sides: ClassVar[bool] = False
    directed: ClassVar[bool] = False
    of_setting: ClassVar[bool] = False

    def problem(self, claim: "Claim") -> str | None:
        """Why a claim does not fit, or None."""
        count, most = len(claim.variants), self.most
        if count < self.least or (most is not None and count > most):
            bound = "exactly" if most == self.least else "at least"
            return f"{self.name} needs {bound} {self.least} variant{'s' if self.least > 1 else ''}"
        for field, needed in (("tolerance", self.tolerant), ("against", self.against or self.both_sides)):
            if (getattr(claim, field) is not None) != needed:
                return f"{self.name} {f'needs {field}' if needed else f'takes no {field}'}"
        if claim.direction is not None and not self.directed:
            return f"{self.name} takes no direction: it does not ask which value is better"
        if self.against and claim.against == claim.metric:
            return f"against: {claim.metric} would be compared with itself"
        if (claim.side is None) != self.both_sides:
            return f"{self.name} is of both sides: it takes no side" if claim.side else f"{self.name} needs side"
        return None

    def needs(self, claim: "Claim") -> list[Need]:
        """The `(side, metric)` pairs that a claim is tested on."""
        return [(given(claim.side), metric) for metric in (claim.metric, claim.against) if metric is not None]

    @abstractmethod
    def margin(self, claim: "Claim", values: list[np.ndarray], settings: Sequence[float]) -> np.ndarray:
        """Margin `(replicates,)`, positive where the claim holds.

        Args:
            claim: the claim.
            values: for each of `needs` the metric, `(variants, replicates)`.
            settings: what the study's axis sets, by variant.
        """

    @abstractmethod
    def sentence(self, claim: "Claim", cells: Cells) -> str:
        """Our values that the claim compares, in words; without the margin, which follows them."""


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


def good(claim: "Claim", values: np.ndarray, metric: str | None = None) -> np.ndarray:
    """Values of the claim's metric, or of another one, such that higher is better."""
    higher = find_statistic(metric or claim.metric, "claim").higher_is_better
    if metric is None and claim.direction is not None:
        higher = claim.direction == "higher"
    return values if higher else -values


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
