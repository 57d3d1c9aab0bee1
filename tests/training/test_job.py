"""What a checkpoint belongs to."""

from typing import Annotated, Any

import pytest

from shared.config import Role, Strict
from shared.training.job import fingerprint


class Spec(Strict):
    """A job's config: its own, and those upstream."""

    corpora: list[dict[str, Any]]
    autoencoder: dict[str, Any] | None = None
    steps: int
    rate: float = 0.1
    every: Annotated[int, Role.EXECUTION] = 5


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data"
    path.write_text("1")
    return path


GIVEN = {"corpora": [{"seed": 0}], "autoencoder": {"dim": 8}, "steps": 3}


@pytest.mark.parametrize("change", [{"every": 7}, {"rate": 0.1}, {"corpora": [{"seed": 0, "new": 1}]},
                                    {"autoencoder": {"dim": 8, "new": 1}}])  # fmt: skip
def test_a_checkpoint_is_resumed_where_no_result_changes(data, change):
    assert fingerprint(Spec(**GIVEN | change), "code", data) == fingerprint(Spec(**GIVEN), "code", data)


def test_a_checkpoint_is_of_a_config_a_code_and_inputs(data):
    before = fingerprint(Spec(**GIVEN), "code", data)
    assert fingerprint(Spec(**GIVEN | {"steps": 4}), "code", data) != before
    assert fingerprint(Spec(**GIVEN | {"rate": 0.2}), "code", data) != before
    assert fingerprint(Spec(**GIVEN), "other", data) != before
    data.write_text("2")
    assert fingerprint(Spec(**GIVEN), "code", data) != before
