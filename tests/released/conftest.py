"""Importing a state dict."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file
from torch import Tensor

from shared.released.importing import find, import_released


@pytest.fixture
def imported(tmp_path) -> Callable[..., Path]:
    """From a state dict, a config and a model's name to the weights in the folder that they were imported to."""

    def run(state: dict[str, Tensor], config: dict[str, Any], name: str) -> Path:
        folder, output = tmp_path / "released", tmp_path / "imported"
        folder.mkdir()
        save_file({key: value.detach().clone() for key, value in state.items()}, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(config))
        import_released(folder, find(name), output)
        return output / "model.safetensors"

    return run
