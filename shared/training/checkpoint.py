"""Checkpoints: atomic, tied to what they were trained on, and loaded without unpickling code."""

import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState

from shared.files import atomic_path

NAME = "checkpoint.pt"


def save_checkpoint(folder: Path, fingerprint: str, step: int, state: dict[str, Any]) -> None:
    """Replace the folder's checkpoint by `state` after `step` steps."""
    with atomic_path(Path(folder) / NAME) as temporary:
        torch.save({"fingerprint": fingerprint, "step": step, "state": state}, temporary)


def load_checkpoint(folder: Path, fingerprint: str) -> tuple[int, dict[str, Any] | None]:
    """The step and state to go on from; `(0, None)` where there is none.

    A checkpoint of another config, code or corpus is never resumed: the folder is removed, with a line that says so.
    """
    path = Path(folder) / NAME
    if not path.exists():
        return 0, None
    saved = torch.load(path, map_location="cpu", weights_only=True)
    if saved["fingerprint"] != fingerprint:
        if PartialState().is_main_process:
            print(f"{path}: from another config, code or corpus; starting from step 0", file=sys.stderr)
            shutil.rmtree(folder)
        return 0, None
    return saved["step"], saved["state"]
