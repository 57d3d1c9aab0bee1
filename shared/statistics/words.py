"""Values as a sentence has them: three significant digits, rates in percent, differences of rates in points."""

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
