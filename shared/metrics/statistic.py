"""What a study shows of a metric: how the clips' values become one, which way is better, how it prints."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

LAST = 1000  # place of what says none

# Between which values a statistic lies, ends included, of a clip and of a set.
ANY = (-math.inf, math.inf)
AT_LEAST_0 = (0.0, math.inf)  # distances, and rates of errors, which may be more than all words
CORRELATION = (-1.0, 1.0)
MOS = (1.0, 5.0)  # mean opinion scores of a model that can't leave the scale
MOS_LQO = (0.999, 4.999)  # of PESQ: what its logistic map can give (ITU-T P.862.2)
Analysed = Literal["plain", "log", "fisher_z"]
ROUNDING = 1e-5  # in float32, an equal pair's cosine is a little more than 1


@dataclass(frozen=True)
class Statistic:
    """One value of a set of clips, as tables, claims and figures name it: Σ numerator / Σ denominator over the clips.

    A mean over clips has no denominator column: each clip that has a value counts once. One of a set (`of_set`) is no
    sum over clips and has neither column.

    Attributes:
        name: in table.csv and claims.yaml; also the column of scores.csv where there is no numerator.
        label: for people.
        higher_is_better: which way.
        numerator, denominator: columns of scores.csv.
        percent: it prints as percent.
        digits: after the point, where it does not.
        of_set: it comes from all clips at once, or from no clips.
        place: where it stands in tables; equals stand in the order of their metrics' names.
        bounds: the least and the greatest value that it can have.
        of_voice: it compares with the clip whose voice a clip should have: a reconstruction with its own recording, and
            recordings with another one, so that the two are not to be set side by side.
        analysed: on which scale training runs vary alike, so that their spread can be pooled and a difference tested:
            the logarithm of rates of errors and of distances, Fisher's z of cosines and correlations.
    """

    name: str
    label: str
    higher_is_better: bool
    numerator: str | None = None
    denominator: str | None = None
    percent: bool = False
    digits: int = 3
    of_set: bool = False
    place: int = LAST
    bounds: tuple[float, float] = ANY
    analysed: Analysed = "plain"
    of_voice: bool = False

    def columns(self) -> list[str]:
        """Columns of scores.csv that it needs."""
        return [self.numerator or self.name, self.denominator] if self.denominator else [self.name]

    def terms(self, columns: dict[str, np.ndarray]) -> np.ndarray:
        """`(2, clips)`: numerators and denominators; a clip without a value is 0 in both."""
        top = columns[self.numerator or self.name]
        bottom = columns[self.denominator] if self.denominator else np.ones_like(top)
        valid = np.isfinite(top) & np.isfinite(bottom)
        return np.where(valid, np.stack([top, bottom]), 0.0)

    def to_scale(self, values: np.ndarray) -> np.ndarray:
        """Values on the analysed scale; NaN of what has none there, such as the logarithm of 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.analysed == "log":
                return np.where(values > 0, np.log(values), np.nan)
            return np.where(np.abs(values) < 1, np.arctanh(values), np.nan) if self.analysed == "fisher_z" else values

    def slope(self, values: np.ndarray) -> np.ndarray:
        """Derivative of `to_scale`."""
        with np.errstate(divide="ignore"):
            if self.analysed == "log":
                return 1 / values
            return 1 / (1 - values**2) if self.analysed == "fisher_z" else np.ones_like(values)

    def from_scale(self, value: float) -> float:
        """Back from the analysed scale."""
        return math.exp(value) if self.analysed == "log" else math.tanh(value) if self.analysed == "fisher_z" else value

    def possible(self, value: float) -> bool:
        """Whether it can have this value."""
        low, high = self.bounds
        return math.isfinite(value) and low - ROUNDING <= value <= high + ROUNDING

    def show(self, value: float | None) -> str:
        """The value as it is printed in tables."""
        if value is None or not np.isfinite(value):
            return "–"
        return f"{100 * value:.2f} %" if self.percent else f"{value:.{self.digits}f}"
