"""Where a job's result comes from: commit, code and machine, written beside it once it is there.

A rule runs this after the job (see `workflow.job_command`), in a process of its own: nothing that trains imports it,
so an edit here retrains nothing.
"""

import argparse
import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from shared.files import write_json
from shared.studies.code import ROOT

NAME = "origin.json"
# What a run reads beside its inputs. A log or a note that lies in the clone does not make its code dirty.
_CODE = ("Snakefile", "rules", "shared", "replications", "params.yaml", "envs")


def commit() -> dict[str, Any]:
    """Commit of the repository, and whether code or settings were changed since; None outside Git."""
    head = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--", *_CODE)
    return {"commit": head, "dirty": None if head is None else bool(changed)}


def hardware() -> dict[str, Any]:
    """What the machine is, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "gpu": _gpus(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        # What is installed, which on a GPU box need not be what the locks say.
        "torch": importlib.metadata.version("torch"),
    }


def now() -> str:
    """Date and time, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    # Of the instruction sets those that decide how quick training is, and whether `precision: auto` is bfloat16.
    flags = set(fields.get("flags", "").split())
    vectors = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]
    return " ".join([fields.get("model name", platform.processor()), *vectors])


def _gpus() -> list[str]:
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []


def main() -> None:
    """Command line that a rule runs after its job."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("result", type=Path, help="the file that the job wrote")
    parser.add_argument("--code", required=True, help="hash of the job's code")
    arguments = parser.parse_args()
    origin = {"date_utc": now(), **commit(), "code_hash": arguments.code, "hardware": hardware()}
    write_json(arguments.result.with_name(NAME), origin)


if __name__ == "__main__":
    main()
