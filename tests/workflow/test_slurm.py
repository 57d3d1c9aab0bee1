"""Figure 3 at `smoke` on a real Slurm cluster of one node, with a job cancelled half-way."""

import importlib.util
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflow.project import ROOT
from tests.workflow.slurm_cluster import Cluster, missing

PLUGIN = importlib.util.find_spec("snakemake_executor_plugin_slurm")
FIGURE = "figures/longcat_fig3.pdf"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
    pytest.mark.skipif(PLUGIN is None, reason="pip install snakemake-executor-plugin-slurm"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@pytest.fixture
def clone(tmp_path) -> Path:
    """What Git has of this repository."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files.split("\0"):
        if name and not name.startswith(("tests/", "results/")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


OPTIONS = """--profile profiles/slurm --retries 0 --slurm-no-account --slurm-status-command squeue
             --slurm-init-seconds-before-status-checks 2 --config scale=smoke"""


def start(clone: Path, cluster: Cluster, log: str) -> subprocess.Popen:
    """Snakemake in the background; what it says goes to the file `log`."""
    command = [sys.executable, "-m", "snakemake", *OPTIONS.split(), "--", FIGURE]
    with open(clone / log, "w") as file:
        return subprocess.Popen(command, cwd=clone, env=cluster.environment, stdout=file, stderr=file)


def test_a_cancelled_job_is_the_only_one_that_runs_again(cluster, clone):
    first = start(clone, cluster, "first.log")
    checkpoints = clone / "runs/smoke/longcat"
    deadline = time.monotonic() + 600
    while not list(checkpoints.glob("generator/*/checkpoints/checkpoint.pt")) and time.monotonic() < deadline:
        time.sleep(0.1)
    running = [number for number, (state, what) in cluster.jobs().items() if state == "RUNNING" and "generator" in what]
    assert running, cluster.jobs()
    cluster.ask("scancel", running[0])
    assert first.wait(timeout=600) != 0, (clone / "first.log").read_text()[-4000:]
    ended = cluster.jobs()
    assert ended[running[0]][0] == "CANCELLED"
    assert not (clone / FIGURE).exists()

    assert start(clone, cluster, "second.log").wait(timeout=600) == 0, (clone / "second.log").read_text()[-4000:]
    assert (clone / FIGURE).stat().st_size > 0
    again = [what for number, (_, what) in cluster.jobs().items() if number not in ended]
    assert sum("train_generator" in what for what in again) == 1, again
    assert not re.search("train_(autoencoder|asr|speaker)|build_corpus", " ".join(again)), again
