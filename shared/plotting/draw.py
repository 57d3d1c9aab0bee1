"""Job: draw a study's figure from its table, in the layout of its source's `figures.py`."""

import argparse
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from shared.config import ConfigError, parse
from shared.files import read_json
from shared.job import run_job
from shared.measurements.base import measurements
from shared.plotting.style import save_figure, styled
from shared.record.table import Row, read_rows
from shared.statistics.scores import read_latents
from shared.statistics.study import StudySpec


@dataclass(frozen=True)
class StudyTable:
    """What a layout function gets.

    Attributes:
        title, axis, unit: of the study; `axis` is None where the variants are no sweep of a number.
        scale: name of the scale.
        seeds: number of training seeds.
        variants: their names, in order.
        rows: the table.
        latents: measurement → variant → by seed what its file says, of those that are not by clip.
    """

    title: str
    axis: str | None
    unit: str
    scale: str
    seeds: int
    variants: list[str]
    rows: list[Row]
    latents: dict[str, dict[str, list[Any]]] = field(default_factory=dict)

    @property
    def ours(self) -> str:
        """What is shown of ours; one training has no intervals."""
        runs = "1 seed" if self.seeds == 1 else f"{self.seeds} seeds, 95 % intervals"
        return f"ours at scale {self.scale}, {runs}"

    def row(self, variant: str, side: str, metric: str) -> Row | None:
        """One cell, if the table has it."""
        return self._cells.get((variant, side, metric))

    @cached_property
    def _cells(self) -> dict[tuple[str, str, str], Row]:
        return {(row.variant, row.side, row.metric): row for row in reversed(self.rows)}

    def any_of(self, variant: str) -> Row:
        """A row of a variant, for what all of its rows say: its label and its setting."""
        return self._first[variant]

    @cached_property
    def _first(self) -> dict[str, Row]:
        return {row.variant: row for row in reversed(self.rows)}

    def has(self, side: str, metric: str) -> bool:
        """Whether we have a value for each variant."""
        rows = [self.row(variant, side, metric) for variant in self.variants]
        return all(row is not None and row.value is not None for row in rows)


def load_layout(path: Path, study: str) -> Callable[[StudyTable], Any]:
    """The function called `study` in a source's figures.py: `StudyTable` → matplotlib figure.

    Raises:
        ConfigError: the file is no Python, or has no such function.
    """
    specification = importlib.util.spec_from_file_location(f"{Path(path).parent.name}_figures", path)
    if specification is None or specification.loader is None:
        raise ConfigError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    if not hasattr(module, study):
        raise ConfigError(f"{path}: no function {study}(table) for the study {study!r}")
    return getattr(module, study)


def study_table(spec: StudySpec, rows: list[Row]) -> StudyTable:
    """The table with what its spec says about it."""
    axis, unit = (spec.axis.label, spec.axis.unit) if spec.axis else (None, "")
    of_latents = [each for each in measurements() if not each.by_clip]
    latents = {each.name: read_latents(each, spec.latent_files(each.name)) for each in of_latents}
    return StudyTable(spec.title, axis, unit, spec.scale, len(spec.seeds), spec.names, rows, latents)


def main() -> None:
    """Command line of the job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON that describes the study")
    parser.add_argument("--table", required=True, type=Path, help="the study's table (CSV)")
    parser.add_argument("--layout", required=True, type=Path, help="figures.py of the source")
    parser.add_argument("--pdf", required=True, type=Path, help="figure to write")
    parser.add_argument("--png", required=True, type=Path, help="the same for the record")
    arguments = parser.parse_args()
    spec = parse(StudySpec, read_json(arguments.spec), arguments.spec)
    layout = load_layout(arguments.layout, spec.study)
    with styled():
        figure = layout(study_table(spec, read_rows(arguments.table)))
        save_figure(figure, arguments.pdf, arguments.png)


if __name__ == "__main__":
    run_job(main)
