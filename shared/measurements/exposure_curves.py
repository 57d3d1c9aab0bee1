"""How far next-token models drift on their own errors, as a study reads it: curves by position, and one number."""

import csv
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from shared.config import ConfigError


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
    """Read an exposure.csv.

    Raises:
        ConfigError: it is missing or damaged; the message names it and what to do.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        columns = {
            each.name: np.array([float(row[each.name] or "nan") for row in rows], dtype=float) for each in fields(Curve)
        }
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (KeyError, TypeError, ValueError):
        raise ConfigError(f"{path}: no curve of exposure in this file; delete it and run again") from None
    curve = Curve(**columns)
    if not np.isfinite(curve.free_running - curve.teacher_forced).any():
        raise ConfigError(f"{path}: no position has both distances; measure more clips")
    return curve


def read_curves(files: dict[tuple[str, int], Path]) -> dict[str, list[Curve]]:
    """Variant → its curves, by seed, from the files by variant and seed."""
    curves: dict[str, list[Curve]] = {}
    for (variant, _), path in files.items():
        curves.setdefault(variant, []).append(read_curve(path))
    return curves
