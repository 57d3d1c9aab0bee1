"""What the training jobs share: their fingerprint and how a result is written."""

from pathlib import Path
from typing import Any

from accelerate import PartialState
from pydantic import BaseModel
from safetensors.torch import save_file
from torch import Tensor

from shared.config import differences, digest
from shared.files import atomic_path, sha256, write_json


def fingerprint(spec: BaseModel, code: str, *inputs: Path) -> str:
    """What a checkpoint belongs to: what the config says beyond the defaults, the code, the content of the input files.

    The code's hash covers the defaults. For the configs upstream, which are plain mappings here, the files stand.
    """
    said = differences(spec)
    own = {name: value for name, value in said.items() if not _is_upstream(getattr(spec, name))}
    return digest({"spec": own, "code": code, "inputs": [sha256(path) for path in inputs]}, 64)


def _is_upstream(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_is_upstream, value)))


def save_model(output: Path, state: dict[str, Tensor], description: dict[str, Any]) -> None:
    """Write `model.json` and then the weights, so that weights are never without their config.

    Of several processes the first writes; all wait for it.
    """
    state_of_processes = PartialState()
    if state_of_processes.is_main_process:
        _write(Path(output), state, description)
    state_of_processes.wait_for_everyone()


def _write(output: Path, state: dict[str, Tensor], description: dict[str, Any]) -> None:
    write_json(output.with_name("model.json"), description)
    with atomic_path(output) as temporary:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}, temporary)
