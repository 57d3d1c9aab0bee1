"""Evaluators that come inside packages of `envs/evaluators.txt`, which not everybody installs."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.config import ConfigError
from shared.files import sha256

if TYPE_CHECKING:  # plans look for packages, and don't wait for torch
    from torch import nn


def package_folder(package: str, metric: str) -> Path:
    """Where a package lies, found without importing it.

    Raises:
        ConfigError: it is not installed; the error names the metric that needs it.
    """
    spec = importlib.util.find_spec(package)
    places = spec and spec.submodule_search_locations
    if not places:
        raise ConfigError(
            f"the metric {metric} needs the package {package}: `make evaluators` installs it (envs/evaluators.txt); or "
            f"leave {metric} out of evaluation"
        )
    return Path(places[0])


def load_packaged(network: "nn.Module", path: Path, release: str, weights_of: Callable[[Any], dict[str, Any]]) -> str:
    """Fill a network with the weights at `path` in a package, and put it in eval mode on the device; their SHA-256.

    Args:
        network: of ours.
        path: of the package's file.
        release: name and version of the package, for the message.
        weights_of: from what the file holds to the network's state.

    Raises:
        ConfigError: they are not the network's.
    """
    import torch

    from shared.device import device

    saved = torch.load(path, map_location="cpu", weights_only=True)
    try:
        network.load_state_dict(weights_of(saved))
    except RuntimeError as error:
        raise ConfigError(f"{path}: not the weights of {release}; `make evaluators` installs them") from error
    network.to(device()).eval()
    return sha256(path)
