"""Exposure bias: how far a next-token model drifts on its own errors, as curves by position and as one number."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from shared.config import ConfigError
from shared.files import finite, read_csv
from shared.measurements.base import Alone, Collected, Measurement
from shared.metrics.statistic import Statistic

DRIFT = "exposure"  # its name in tables and claims


@dataclass(frozen=True)
class Curve:
    """Of one model, by position after the prompt, each `(positions,)`; distances are NaN with fewer than two clips.

    Attributes:
        seconds: from the prompt's end to that of the position.
        teacher_forced, free_running: Fréchet distances of sampled to recorded latents.
        recorded_clips, free_running_clips: that last so long.
    """

    seconds: np.ndarray
    teacher_forced: np.ndarray
    free_running: np.ndarray
    recorded_clips: np.ndarray
    free_running_clips: np.ndarray

    def drift(self) -> float:
        """Free-running less teacher-forced: the mean over positions, weighted by recorded clips."""
        difference = self.free_running - self.teacher_forced
        both = np.isfinite(difference)
        weights = self.recorded_clips[both]
        return float((difference[both] * weights).sum() / weights.sum())


def read_curve(path: Path) -> Curve:
    """Read an exposure_bias.csv.

    Raises:
        ConfigError: it is missing or damaged; the message names it and what to do.
    """
    _, rows = read_csv(path, "delete it and run again")
    try:
        columns = {
            each.name: np.array([finite(row[each.name]) if row[each.name] else np.nan for row in rows], dtype=float)
            for each in fields(Curve)
        }
    except (KeyError, ValueError):
        raise ConfigError(f"{path}: no curves in this file; delete it and run again") from None
    curve = Curve(**columns)
    if not np.isfinite(curve.free_running - curve.teacher_forced).any():
        raise ConfigError(f"{path}: no position has both distances; measure more clips")
    return curve


class ExposureBias(Measurement):
    """How far a next-token model drifts on its own errors."""

    name, place = "exposure_bias", 10
    formerly = ("exposure",)
    about = "how far a next-token model drifts on its own errors"
    subject = "generator"
    job = "shared.measurements.jobs.exposure_bias"
    statistics = (Statistic(DRIFT, "Drift on own errors", False, of_set=True),)

    def problem(self, variant: Any) -> str | None:
        """It is of models that hear what they have said."""
        kind = variant.generator.kind
        return None if kind == "next_token" else f"which generators of kind next_token have; this one is {kind}"

    def read(self, path: Path) -> Curve:
        """See `read_curve`."""
        return read_curve(path)

    def collect(self, variants: list[str], found: Mapping[str, list[Curve]]) -> Collected:
        """Each variant's drift. Which clips a curve is of is not kept, so that there are none to draw again."""
        alone = {
            name: Alone(
                float(np.mean([curve.drift() for curve in curves])),
                int(sum(curve.recorded_clips.max() for curve in curves)),
                len(curves),
            )
            for name, curves in found.items()
        }
        return Collected(alone={DRIFT: alone}, missing={DRIFT: f"{DRIFT} has no interval"} if alone else {})
