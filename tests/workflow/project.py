"""A made-up source in a folder of its own, with stand-ins for heavy jobs, and Snakemake called there."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import yaml

from shared.plan.pieces import load_study
from shared.record.manifest import RUNS

ROOT = Path(__file__).parents[2]
LONGCAT = ROOT / "replications" / "longcat"
LAYOUT = """
from shared.plotting.dots import dots_figure
from shared.plotting.sweep import Panel, sweep_figure


def width(table):
    return sweep_figure(table, [Panel("Similarity", "sim", "sim")])


def pair(table):
    return dots_figure(table, {"generation": ["sim"]})
"""


class Project:
    """A folder with one made-up source, in which Snakemake is called.

    Args:
        folder: where to make it.
        variants: of its study `width`.
    """

    def __init__(self, folder: Path, variants: tuple[str, ...] = ("dim64", "dim256")):
        self.folder = folder
        source = folder / "replications" / "toy"
        source.mkdir(parents=True)
        study = load_study(LONGCAT / "study.yaml")
        axis = {"label": "latent dim", "field": "autoencoder.bottleneck.dim"}
        study["source"] = "toy"
        study["studies"] = {
            "width": {"title": "Width", "axis": axis, "variants": [*variants]},
            "pair": {"title": "Pair", "variants": ["dim64", "dim64-cfg"]},
        }
        self.study_file = source / "study.yaml"
        self.study_file.write_text(yaml.safe_dump(study))
        (source / "figures.py").write_text(LAYOUT)
        python = folder / "python"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/workflow/stand_in.py" "$@"\n')
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        self.environment = {**os.environ, "REPLICATE_PYTHON": str(python), "PYTHONPATH": str(ROOT)}

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """`snakemake ARGUMENTS` with the default profile, in this folder."""
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--workflow-profile",
                   str(ROOT / "profiles/default"), "--cores", "2", *arguments]
        return subprocess.run(command, cwd=self.folder, env={**self.environment, **environment}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def planned(self, *arguments: str) -> dict[str, int]:
        """Rule → number of jobs that a dry run announces."""
        return jobs_of(self.run(*arguments, "--dry-run"))

    def digest(self) -> dict[str, bytes]:
        """Content of what must be the same in each run: tables, verdicts, figures; not when and where it was."""
        kept = [path for pattern in ("figures/*", "results/**/*.[cmp]*") for path in self.folder.glob(pattern)]
        kept = [path for path in kept if not path.name.endswith(RUNS)]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in kept}


def jobs_of(done: subprocess.CompletedProcess) -> dict[str, int]:
    """Rule → number of jobs that a run of Snakemake announced."""
    lines = done.stdout.split("Job stats:")
    if len(lines) == 1:
        return {}
    rows = [line.split() for line in lines[1].split("Select jobs")[0].splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit() and row[0] != "total"}
