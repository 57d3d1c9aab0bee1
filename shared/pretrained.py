"""Load a `transformers` model from a local folder or from the hub by id: the one way in, for all that others trained.

Weights come from safetensors alone, and no code comes with them: nothing is unpickled, nobody is asked.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import SafetensorError

from shared.config import ConfigError
from shared.files import read_json
from shared.tensors import not_finite

WEIGHTS, CONFIG = "model.safetensors", "config.json"
TRAINED_ONLY = "masked_spec_embed"  # stands in for masked frames in training; published models lack it
# What transformers raises on files that are missing, cut off, of wrong types or of other shapes.
DAMAGE = (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, SafetensorError)
NOTHING: Mapping[str, Any] = MappingProxyType({})


def locate(reference: str) -> tuple[str, str | None]:
    """Split a reference into what `from_pretrained` takes: `(folder or hub id, revision)`.

    A reference is a folder, the `model.safetensors` in it (what a rule's output is), `owner/name`, or
    `owner/name@revision`.

    Raises:
        ConfigError: it looks like a path and there is no such folder.
    """
    path = Path(reference)
    if path.is_dir():
        return str(path), None
    if path.name == WEIGHTS and path.is_file():
        return str(path.parent), None
    name, _, revision = reference.partition("@")
    if path.suffix == ".safetensors" or reference.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ConfigError(f"{reference}: no such folder of a model")
    return name, revision or None


def load(auto_class: Any, reference: str, weights: bool = True, settings: Mapping[str, Any] = NOTHING) -> Any:
    """`auto_class.from_pretrained(reference)`; models only from safetensors, and no code that lies beside them.

    Args:
        auto_class: a class of transformers that has `from_pretrained`.
        reference: see `locate`.
        weights: False for classes without weights (configs, processors, tokenizers).
        settings: what else the class is told.

    Raises:
        ConfigError: it cannot be loaded; the message names the id and what to do.
    """
    quiet_transformers()
    name, revision = locate(reference)
    options: dict[str, Any] = {**settings, "revision": revision or "main", "trust_remote_code": False}
    if weights:
        options["use_safetensors"] = True
    try:
        if not weights:
            return auto_class.from_pretrained(name, **options)
        model, found = auto_class.from_pretrained(name, output_loading_info=True, **options)
        absent = [each for each in found["missing_keys"] if not each.endswith(TRAINED_ONLY)]
        if absent and Path(name).is_dir():
            raise ValueError(f"{WEIGHTS} lacks {absent[0]!r}")
        if bad := not_finite(model.state_dict()):
            raise ValueError(f"{bad} holds values that are not finite")
        return model
    except DAMAGE as error:
        raise ConfigError(f"model {reference}: {_first_line(error)}; {_hint(name)}") from error


def read_config(reference: str, subfolder: str | None = None) -> dict[str, Any]:
    """What a model's config.json says, of the one that lies in a subfolder if that is named.

    Raises:
        ConfigError: there is none, here or on the hub, or it is damaged.
    """
    name, revision = locate(reference)
    path = Path(name) / (subfolder or "") / CONFIG
    try:
        if not Path(name).is_dir():
            from huggingface_hub import hf_hub_download

            path = Path(hf_hub_download(name, CONFIG, subfolder=subfolder, revision=revision))
        return dict(read_json(path))
    except DAMAGE as error:
        missing = isinstance(error, FileNotFoundError) and Path(name).is_dir()
        what = f"no {CONFIG} in this folder" if missing else f"{_first_line(error)}; {_hint(name)}"
        raise ConfigError(f"model {reference}: {what}") from None


def _hint(name: str) -> str:
    if Path(name).is_dir():
        return "delete the folder to have it trained again if it was trained here, or name another model"
    return (
        f"offline, cache it first where there is a network: `hf download {name}`, then copy HF_HOME; of a model "
        f"without {WEIGHTS} name a revision that has it (owner/name@revision)"
    )


def quiet_transformers() -> None:
    """Hold back the warnings about its own defaults and the bars for shards; what matters is raised."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def describe(model: torch.nn.Module, reference: str) -> str:
    """Name of a loaded model for provenance: its class and hub id. A folder's path would differ by machine."""
    name, _ = locate(reference)
    return f"{type(model).__name__} ({'local folder' if Path(name).is_dir() else reference})"


def weights_sha256(model: torch.nn.Module) -> str:
    """Hash of a model's weights by name, type, shape and value: the same whatever file or shards they came in."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
