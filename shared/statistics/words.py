"""Values as a sentence has them: three significant digits, rates in percent, differences of rates in points."""

import math

import numpy as np

from shared.metrics.statistic import Statistic


def number(value: float) -> str:
    """Three significant digits without an exponent, and a real minus sign."""
    return np.format_float_positional(value, precision=3, unique=False, fractional=False, trim="-").replace("-", "−")


def show(statistic: Statistic, value: float) -> str:
    """A value: rates in percent, to three digits."""
    return f"{number(100 * value)} %" if statistic.percent else number(value)


def difference(statistic: Statistic, value: float) -> str:
    """A difference of two values: of rates in percentage points."""
    if not statistic.percent:
        return number(value)
    points = number(100 * value)
    return f"{points} {'point' if points == '1' else 'points'}"


def by_how_much(scale: str, margin: float, ends: tuple[float, float] | None) -> str:
    """`×2.3 [1.4, 3.8]` or `4.1 points [2, 6.2]`: how far a claim holds, on the scale of its test (`Verdict.scale`).

    A ratio is of the two values compared: above 1 the claim holds; all else is above 0 where it does.
    """
    factor = 100 if scale in ("points", "share") else 1
    unit = {"points": " points", "share": " % of the setting", "fisher_z": " of z"}.get(scale, "")
    value, *between = (math.exp(each) if scale == "log" else factor * each for each in (margin, *(ends or ())))
    text = f"{'×' if scale == 'log' else ''}{number(value)}{unit}"
    return f"{text} [{', '.join(number(each) for each in between)}]" if between else text
