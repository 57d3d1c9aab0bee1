"""Load a `transformers` evaluator from a local folder or from the hub by id: one code path."""

import hashlib
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from shared.config import ConfigError
from shared.tensors import not_finite

WEIGHTS = "model.safetensors"
TRAINED_ONLY = "masked_spec_embed"  # stands in for masked frames in training; published models lack it
# What transformers raises on files that are missing, cut off, of wrong types or of other shapes.
DAMAGE = (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, SafetensorError)


def locate(reference: str) -> tuple[str, str | None]:
    """Split an evaluator reference into what `from_pretrained` takes: `(folder or hub id, revision)`.

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
        raise ConfigError(f"{reference}: no such evaluator folder")
    return name, revision or None


def load(auto_class: Any, reference: str, weights: bool = True) -> Any:
    """`auto_class.from_pretrained(reference)`; models only from safetensors, nothing is unpickled.

    Args:
        auto_class: a transformers `Auto...` class.
        reference: see `locate`.
        weights: False for classes without weights (configs, processors).

    Raises:
        ConfigError: it cannot be loaded; the message names the id and how to cache it for offline use.
    """
    quiet_transformers()
    name, revision = locate(reference)
    options: dict[str, Any] = {"revision": revision or "main", "trust_remote_code": False}
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
        if Path(name).is_dir():
            hint = "delete the folder to have it trained again, or name another evaluator"
        else:
            hint = f"offline, cache it first where there is a network: `hf download {name}`, then copy HF_HOME"
        raise ConfigError(f"evaluator {reference}: {_first_line(error)}; {hint}") from error


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
