"""Leases of GPUs: the least used device first, and nothing is kept by a command that is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.plan.lease import devices, lease

ROOT = Path(__file__).parents[2]


def start(folder: Path, gpus: int = 1) -> subprocess.Popen:
    """A command that says which devices it got, and stays until its input is closed."""
    command = ["sh", "-c", "echo $CUDA_VISIBLE_DEVICES; cat"]
    return subprocess.Popen(
        [sys.executable, "-m", "shared.plan.lease", "--gpus", str(gpus), "--", *command],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "4,7"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_jobs_spread_over_devices_and_then_share_them(tmp_path):
    jobs = []
    for _ in range(4):
        jobs.append(start(tmp_path))
        jobs[-1].got = jobs[-1].stdout.readline().strip()
    assert [job.got for job in jobs] == ["4", "7", "4", "7"]
    jobs[1].kill()
    jobs[1].communicate()
    late = start(tmp_path)
    assert late.stdout.readline().strip() == "7"
    for job in (jobs[0], jobs[2], jobs[3], late):
        job.communicate()


def test_a_job_of_several_processes_gets_different_devices(tmp_path):
    first, second = start(tmp_path), start(tmp_path, gpus=2)
    assert first.stdout.readline().strip() == "4"
    assert sorted(second.stdout.readline().strip().split(",")) == ["4", "7"]
    for job in (first, second):
        job.communicate()


def test_too_few_devices_is_one_line(tmp_path):
    job = start(tmp_path, gpus=3)
    assert job.communicate()[1] == "error: 3 GPUs are wanted and 2 are there\n"
    assert job.returncode == 1
    with pytest.raises(ValueError, match="1 GPUs are wanted and 0 are there"):
        lease([], 1, tmp_path)


@pytest.mark.parametrize(("visible", "found"), [("", []), ("-1", []), ("0,GPU-1a", ["0", "GPU-1a"])])
def test_visible_devices_are_those_that_count(monkeypatch, visible, found):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert devices() == found
