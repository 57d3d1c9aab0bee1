"""Where a job's result comes from: commit, code and machine, written beside it once it is there."""

import datetime
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shared.code import ROOT
from shared.config import ConfigError
from shared.files import read_json, write_json
from shared.seal import ORIGIN as NAME
from shared.seal import check_file

# What a run reads beside its inputs. A log or a note that lies in the clone does not make its code dirty.
_CODE = ("Snakefile", "rules", "shared", "replications", "params.yaml", "envs")
REFUSED = "Git refuses the folder, which is another user's (git config safe.directory)"
_NAMES_A_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")


def commit() -> dict[str, Any]:
    """Commit of the repository, and whether code or settings were changed since; without one, `no_commit` says why.

    Git looks for a repository in all folders above, too; only one whose top is this project's has its commit.
    """
    if not (ROOT / ".git").exists():
        return _no_commit("not a Git checkout")
    try:
        found = git("rev-parse", "--show-cdup", "HEAD")
        changed = git("status", "--porcelain", "--", *_CODE)
    except (FileNotFoundError, PermissionError):
        return _no_commit("git is not installed")
    if refused(found):
        return _no_commit(REFUSED)
    up, _, head = found.stdout.partition("\n")
    if found.returncode or up:
        return _no_commit("Git finds none here")
    return {"commit": head.strip(), "dirty": bool(changed.stdout) if changed.returncode == 0 else None}


def last_commit(files: Iterable[Path]) -> dict[str, Any] | None:
    """The last commit that touched one of these files, and whether they were changed since; None: none is known."""
    paths = [path.absolute().as_posix() for path in files if path.exists()]
    if not paths or commit()["commit"] is None:
        return None
    found = git("log", "-1", "--format=%H %ct", "--", *paths)
    if found.returncode or not found.stdout.strip():
        return None
    name, _, seconds = found.stdout.partition(" ")
    date = datetime.datetime.fromtimestamp(int(seconds), datetime.UTC).isoformat(timespec="seconds")
    return {"commit": name, "date_utc": date, "changed": bool(git("status", "--porcelain", "--", *paths).stdout)}


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


def _no_commit(reason: str) -> dict[str, Any]:
    return {"commit": None, "dirty": None, "no_commit": reason}


def git(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What Git answers in a folder, by default the project's.

    Raises:
        FileNotFoundError, PermissionError: Git is not installed.
    """
    command, where = ["git", *arguments], folder or ROOT
    return subprocess.run(
        command, cwd=where, env=environment(), capture_output=True, encoding="utf-8", errors="replace"
    )


def environment() -> dict[str, str]:
    """What Git is run in."""
    # A hook of Git's sets variables that name its repository, and they would count for more than the folder. No lock is
    # taken for a refreshed index: jobs that end together would otherwise meet there.
    found = {key: value for key, value in os.environ.items() if key not in _NAMES_A_REPOSITORY}
    return found | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}


def refused(answer: subprocess.CompletedProcess[str]) -> bool:
    """Whether Git does not trust the folder."""
    return "dubious ownership" in answer.stderr


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


def read_origin(job: Path) -> dict[str, Any]:
    """What the note in a job's folder says; nothing where there is none.

    Raises:
        ConfigError: it is damaged.
    """
    path = job / NAME
    if not path.exists():
        return {}
    check_file(path)
    try:
        found = read_json(path)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: damaged; delete it, and the record says that it is unknown")
    return found


def write_origin(result: Path, code: str) -> None:
    """Note beside a job's result where it comes from; `code` is the hash of the job's code."""
    origin = {"date_utc": now(), **commit(), "code_hash": code, "hardware": hardware()}
    write_json(Path(result).with_name(NAME), origin)
