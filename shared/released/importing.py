"""Read released weights into a folder as a training here would have left it.

    replicate import FOLDER_OR_FILE --as longcat_vae --output FOLDER
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from shared.config import ConfigError, did_you_mean
from shared.kinds import modules_in
from shared.named import all_named, find_named
from shared.released.base import Released, fit
from shared.tensors import not_finite
from shared.training.job import save_model

PACKAGE = "shared.released"
PICKLED = (".ckpt", ".pt", ".pth", ".bin", ".pkl", ".ts")
WEIGHTS = "model.safetensors"


def known() -> list[Released]:
    """All that can be imported, by the alphabet."""
    return [each() for each in all_named(Released, PACKAGE)]


def find(name: str) -> Released:
    """The model of this name.

    Raises:
        ConfigError: there is none.
    """
    found = find_named(Released, PACKAGE, name) if name in modules_in(PACKAGE) else None
    if found is None:
        names = [each.name for each in known()]
        raise ConfigError(f"--as {name}: no such model{did_you_mean(name, names)}")
    return found()


def import_released(source: Path, released: Released, output: Path) -> None:
    """Write `model.safetensors` and `model.json` into the folder `output`.

    Args:
        source: a folder with safetensors, or one such file; a `config.json` beside them is read.
        released: what they are of.
        output: a folder, which must not hold a model yet.

    Raises:
        ConfigError: there is nothing to read, a model is there already, or the weights don't fit.
    """
    if (output / WEIGHTS).exists():
        raise ConfigError(f"{output}: holds a model already; choose another folder")
    parts = released.parts if source.is_dir() and not list(source.glob("*.safetensors")) else {}
    folders = {source / name: prefix for name, prefix in parts.items()} or {source: ""}
    files = {path: prefix for folder, prefix in folders.items() for path in _files(folder)}
    weights = _without_prefix(_read(files), released)
    said = {name: value for path in files for name, value in released.beside(path.parent).items()}
    try:
        description = released.describe(weights, said)
        state = fit(released, weights, description)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from None
    except (KeyError, IndexError) as error:
        raise ConfigError(f"{source}: not the weights of {released.name}: it lacks {error.args[0]}") from None
    if bad := not_finite(state):
        raise ConfigError(f"{source}: what goes to {bad} holds values that are not finite")
    output.mkdir(parents=True, exist_ok=True)
    save_model(output / WEIGHTS, state, description.model_dump(mode="json"))


def _files(source: Path) -> list[Path]:
    """The safetensors of a folder, or the file itself."""
    if not source.exists():
        raise ConfigError(f"{source}: no such file or folder")
    found = sorted(source.glob("*.safetensors")) if source.is_dir() else [source]
    if found and found[0].suffix == ".safetensors":
        return found
    pickled = source if source.is_file() else next((each for each in source.iterdir() if each.suffix in PICKLED), None)
    if pickled is not None:
        raise ConfigError(
            f"{pickled}: only safetensors are read; to read this file is to run what is in it. Whoever trusts it "
            "converts it where that does no harm: safetensors.torch.save_file(torch.load(FILE, weights_only=True), …)"
        )
    raise ConfigError(f"{source}: no *.safetensors in it")


def _read(files: Mapping[Path, str]) -> dict[str, Tensor]:
    """What all of them hold together, the names in each behind its prefix."""
    weights: dict[str, Tensor] = {}
    for path, prefix in files.items():
        tensors = {f"{prefix}{name}": tensor for name, tensor in _tensors(path).items()}
        if twice := sorted(weights.keys() & tensors.keys()):
            raise ConfigError(f"{path}: {twice[0]} is in another file of this folder, too; name one file")
        weights |= tensors
    return weights


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ConfigError(f"{path}: not a whole safetensors file ({str(error).splitlines()[0]})") from None


def _without_prefix(weights: Mapping[str, Any], released: Released) -> dict[str, Tensor]:
    for prefix in released.prefixes:
        if any(name.startswith(prefix) for name in weights):
            return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    return dict(weights)
