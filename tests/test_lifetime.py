"""A job ends soon after what started it."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

from shared.lifetime import process_name

ROOT = Path(__file__).parents[1]
JOB = """
import sys, time
from shared import lifetime
lifetime.EVERY = 0.05
lifetime.end_with(sys.argv[1])
print("working", flush=True)
time.sleep(60)
"""


def start(name):
    """A job that was started by the process called `name`."""
    return subprocess.Popen([sys.executable, "-c", JOB, name], cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def assert_works_on(job):
    """It began, and after several looks it is still there."""
    assert job.stdout.readline() == "working\n"
    time.sleep(0.3)
    assert job.poll() is None


def test_a_job_ends_with_what_started_it():
    starter = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    job = start(process_name(starter.pid))
    assert_works_on(job)
    starter.kill()
    starter.wait()
    assert job.wait(timeout=30) == 1
    assert "what started this job has ended" in job.stderr.read()


def test_a_number_that_was_given_out_again_is_another_process():
    pid, started = process_name().split()
    assert float(started) == psutil.Process(int(pid)).create_time()
    job = start(f"{pid} {float(started) - 100}")
    assert job.wait(timeout=30) == 1


def test_without_a_name_it_lives_on_its_own():
    job = start("")
    assert_works_on(job)
    job.kill()
