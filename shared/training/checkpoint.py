"""Checkpoints: atomic, hashed, tied to what they were trained on, and loaded without unpickling code.

The newest and the one before it are kept, so that a damaged one costs the steps between the two and not the training.
Each ends with the SHA-256 of what stands before it, and is one file: no kill can part the two.
"""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from shared.config import ConfigError
from shared.files import atomic_path, sha256

NAME, BEFORE = "checkpoint.pt", "checkpoint.before.pt"
OTHER = "other-"  # begins the name of a folder with the checkpoints of another config, code or corpus
LAST = b"\nsha256 %s\n"  # bytes after what torch wrote; it reads a file with them as one without
LENGTH = len(LAST % (b"0" * 64))


def save_checkpoint(folder: Path, fingerprint: str, step: int, state: dict[str, Any]) -> None:
    """Make `state` after `step` steps the folder's newest checkpoint; the newest so far becomes the one before it."""
    path = Path(folder) / NAME
    with atomic_path(path) as temporary:
        torch.save({"fingerprint": fingerprint, "step": step, "state": state}, temporary)
        last = LAST % sha256(temporary).encode()
        with open(temporary, "ab") as file:
            file.write(last)
        # A kill after this leaves the one before, which is whole.
        if path.exists():
            os.replace(path, path.with_name(BEFORE))


def load_checkpoint(folder: Path, fingerprint: str) -> tuple[int, dict[str, Any] | None]:
    """The step and state to go on from; `(0, None)` where there is none. Every process must call it.

    A damaged checkpoint is renamed, and the one before it is taken. Those of another config, code or corpus are never
    resumed: what lies in the folder is moved to one inside it. A line says so, and nothing is deleted.

    Raises:
        ConfigError: the processes of a training do not read the same.
    """
    folder, processes = Path(folder), PartialState()
    # The first process renames, and the others find what it leaves.
    with processes.main_process_first():
        step, state = _load(folder, fingerprint, processes.is_main_process)
    (agreed,) = broadcast_object_list([step])
    if step != agreed:
        raise ConfigError(f"{folder}: a process reads a checkpoint of step {step}, the first of {agreed}; run again")
    return step, state


def _load(folder: Path, fingerprint: str, sets_aside: bool) -> tuple[int, dict[str, Any] | None]:
    saved, damaged, path = None, [], folder / NAME
    for path in (each for each in (folder / NAME, folder / BEFORE) if each.exists()):
        if _is_whole(path):
            saved = torch.load(path, map_location="cpu", weights_only=True)
            break
        damaged.append(path)
    other = saved is not None and saved["fingerprint"] != fingerprint
    step, state = (0, None) if saved is None or other else (saved["step"], saved["state"])
    if sets_aside and (damaged or other):
        lines = [f"{each}: damaged, renamed to {_set_aside(each)}" for each in damaged]
        if other:
            lines.append(f"{path}: from another config, code or corpus, moved with all beside it to {_move(folder)}")
        start = f"starting from step {step}" if state is None else f"going on from step {step}"
        print("; ".join([*lines, start]), file=sys.stderr)
    return step, state


def _is_whole(path: Path) -> bool:
    """Whether a file is a checkpoint that ends with the hash of the rest. One from before there were hashes is not."""
    if not path.is_file():
        return False
    digest, left = hashlib.sha256(), path.stat().st_size - LENGTH
    with open(path, "rb") as file:
        while left > 0 and (part := file.read(min(left, 1 << 20))):
            digest.update(part)
            left -= len(part)
        return left == 0 and file.read() == LAST % digest.hexdigest().encode()


def _set_aside(path: Path) -> str:
    return path.rename(_free(path, f"{path.name}.damaged-")).name


def _move(folder: Path) -> str:
    """Move what lies in the folder to a new one inside it, checkpoints last: a kill leaves what starts this again."""
    target = _free(folder / NAME, OTHER)
    rest = [each for each in folder.iterdir() if not each.name.startswith(OTHER)]
    target.mkdir()
    for each in sorted(rest, key=lambda each: each.name in (NAME, BEFORE)):
        each.rename(target / each.name)
    return target.name


def _free(beside: Path, start: str) -> Path:
    """The first of the paths beside one, named `start` and a number, that does not exist."""
    number = 1
    while (path := beside.with_name(f"{start}{number}")).exists():
        number += 1
    return path
