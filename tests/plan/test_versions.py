"""The mirror of runs/ that DVC may do with as it likes: nothing in runs/ is ever lost or overwritten for it."""

import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from shared.config import ConfigError
from shared.plan import versions

MODEL = Path("cpu/longcat/autoencoder/seed0-abc/model.safetensors")


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """runs/ with a trained model, its checkpoint and a half-written file."""
    monkeypatch.chdir(tmp_path)
    model = versions.RUNS / MODEL
    for path in (model, model.parent / "checkpoints/checkpoint.pt", model.with_name(".model.7.tmp.safetensors")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("trained for hours")
    return versions.RUNS


def test_what_is_made_is_mirrored_without_taking_space(runs):
    assert versions.keep("cpu", "longcat") == 1
    assert [path for path in versions.VERSIONS.rglob("*") if path.is_file()] == [versions.VERSIONS / MODEL]
    assert (versions.VERSIONS / MODEL).samefile(runs / MODEL)
    assert versions.keep("cpu", "longcat") == 0
    assert versions.keep("cpu", "same") == 0


def test_a_model_that_was_trained_again_is_mirrored_anew(runs):
    versions.keep("cpu", "longcat")
    (runs / "new").write_text("trained again")
    os.replace(runs / "new", runs / MODEL)
    assert (versions.VERSIONS / MODEL).read_text() == "trained for hours"
    assert versions.keep("cpu", "longcat") == 1
    assert (versions.VERSIONS / MODEL).read_text() == "trained again"


def test_what_dvc_deletes_or_replaces_does_not_touch_runs(runs):
    versions.keep("cpu", "longcat")
    (versions.VERSIONS / MODEL).unlink()
    (versions.VERSIONS / MODEL).write_text("another version")
    assert (runs / MODEL).read_text() == "trained for hours"
    assert versions.restore() == 0
    assert (runs / MODEL).read_text() == "trained for hours"
    shutil.rmtree(versions.VERSIONS)
    assert (runs / MODEL).exists()


def test_what_runs_lacks_is_restored_all_of_one_time(runs):
    scores = runs / "cpu/longcat/scores/seed0-def/scores.csv"
    scores.parent.mkdir(parents=True)
    scores.write_text("id\n")
    os.utime(scores, (1, 1))  # older than its input, as DVC may write them
    versions.keep("cpu", "longcat")
    shutil.rmtree(runs)
    assert versions.restore() == 2
    assert (runs / MODEL).read_text() == "trained for hours"
    assert scores.stat().st_mtime == (runs / MODEL).stat().st_mtime


def test_on_another_disk_it_is_a_copy(runs, monkeypatch):
    def refuse(*_):
        raise OSError("cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    assert versions.keep("cpu", "longcat") == 1
    assert (versions.VERSIONS / MODEL).read_text() == "trained for hours"
    assert not (versions.VERSIONS / MODEL).samefile(runs / MODEL)


SCALES = ["cpu; touch ran", "$(touch ran)", "`touch ran`", "../x", "a\nb", "-x", "a b", ["cpu"]]


@pytest.mark.parametrize("scale", SCALES)
def test_a_scale_that_is_no_name_ends_a_stage_before_a_command_has_it(runs, monkeypatch, scale):
    versions.PARAMS.write_text(yaml.safe_dump({"scale": scale, "corpus": None, "changes": {"toy": {}}}))
    monkeypatch.setattr(sys, "argv", ["versions", "restore"])
    with pytest.raises(ConfigError, match=r"params\.yaml: scale: "):
        versions._main()


def test_every_stage_of_dvc_checks_the_scale_before_it_names_it():
    stages = yaml.safe_load((Path(__file__).parents[2] / "dvc.yaml").read_text())["stages"].values()
    assert {stage["cmd"][0] for stage in stages} == {"python -m shared.plan.versions restore"}
    assert all("${" in stage["cmd"][-1] for stage in stages)


@pytest.mark.parametrize("names", [("../cpu", "longcat"), ("cpu", "../../x"), ("cpu", "..")])
def test_what_is_mirrored_lies_in_the_mirror(runs, monkeypatch, names):
    monkeypatch.setattr(sys, "argv", ["versions", "keep", *names])
    with pytest.raises(ConfigError, match="is no name of a folder"):
        versions._main()
