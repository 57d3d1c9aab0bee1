"""All statistics that a table may hold: of metrics, then of what is measured of latents, in the order of tables."""

from shared.config import ConfigError, did_you_mean
from shared.measurements.base import measurements
from shared.metrics.base import metrics
from shared.metrics.statistic import AT_LEAST_0, ROUNDING, Statistic

_OF_METRICS = sorted((each for metric in metrics() for each in metric.statistics), key=lambda each: each.place)
_OF_LATENTS = [each for measurement in measurements() for each in measurement.statistics]
STATISTICS = {each.name: each for each in (*_OF_METRICS, *_OF_LATENTS)}

# Those that no scores.csv holds: jobs of their own measure them.
MEASURED_APART = frozenset(each.name for each in _OF_LATENTS)

# Columns of scores.csv by the statistic of which each is the value; the others are numerators and denominators.
_OF_CLIPS = {name: each for name, each in STATISTICS.items() if not each.denominator}


def score_bounds(column: str) -> tuple[float, float]:
    """What a clip can have in a column of scores.csv; what is divided, and by what, is at least 0."""
    low, high = _OF_CLIPS[column].bounds if column in _OF_CLIPS else AT_LEAST_0
    return low - ROUNDING, high + ROUNDING


def find_statistic(name: str, where: str) -> Statistic:
    """The statistic called `name`, which is what claims and published numbers call a metric.

    Raises:
        ConfigError: there is none; `where` says who asked.
    """
    if name not in STATISTICS:
        raise ConfigError(f"{where}: no metric {name!r}{did_you_mean(name, STATISTICS)}")
    return STATISTICS[name]
