"""A job ends with the Snakemake that started it: after a `kill -9` of that one, nothing trains on unseen.

Between the two stands a shell, so a job is not told. It looks, every few seconds.
"""

import os
import sys
import threading
import time

import psutil

STARTED_BY = "REPLICATE_STARTED_BY"  # environment variable: a process, as `process_name` names it
EVERY = 2.0  # seconds between two looks


def process_name(pid: int | None = None) -> str:
    """Number and start time of a process, by default this one: the number alone may be given out again."""
    process = psutil.Process(pid)
    return f"{process.pid} {process.create_time()}"


def end_with(name: str | None) -> None:
    """End this process soon after that one ended; without a name it lives on its own."""
    if name:
        threading.Thread(target=_watch, args=(name,), daemon=True).start()


def _watch(name: str) -> None:
    while _lives(name):
        time.sleep(EVERY)
    print("error: what started this job has ended, so it ends, too; run the same command again", file=sys.stderr)
    # Not by an exception: the main thread may be in a long call. Files are written whole or not at all.
    os._exit(1)


def _lives(name: str) -> bool:
    try:
        return process_name(int(name.partition(" ")[0])) == name
    except psutil.NoSuchProcess:
        return False
