"""Packages that not everybody installs: what is said where one is missing, and that lock and metrics agree."""

from pathlib import Path

import pytest

from shared.cli.doctor import OPTIONAL
from shared.config import ConfigError
from shared.evaluators.package import package_folder
from shared.metrics.base import metrics

LOCK = Path(__file__).parents[2] / "envs" / "evaluators.txt"


def test_a_missing_package_is_named_with_what_installs_it():
    with pytest.raises(ConfigError, match="metric ears needs the package no_such_package: `make evaluators`"):
        package_folder("no_such_package", "ears")


def test_a_package_is_found_without_being_imported():
    assert (package_folder("numpy", "ears") / "__init__.py").is_file()


def test_every_optional_package_of_a_metric_is_in_the_lock_and_doctor_knows_it():
    locked = {line.partition("==")[0].lower() for line in LOCK.read_text().splitlines() if not line.startswith("#")}
    needed = {each.package for each in metrics() if each.package}
    assert needed and {name.partition("-")[0] for name in locked} == needed | {"libsvm"}  # visqol imports it
    assert {name.lower() for name in OPTIONAL} == locked
