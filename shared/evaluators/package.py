"""Evaluators that come inside packages of `envs/evaluators.txt`, which not everybody installs."""

import importlib.util
from pathlib import Path

from shared.config import ConfigError


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
