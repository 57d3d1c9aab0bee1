"""Copying a study's results to the record: all of them, nothing of before, whole, sealed last."""

import shutil

import pytest

from shared.config import ConfigError
from shared.record import publish as module
from shared.record.files import load_study
from shared.record.publish import NAMES, publish
from tests.report.made_up import STUDY, make_record


@pytest.fixture
def made(tmp_path):
    """A study's folder under runs/, as its jobs leave it."""
    record, made = make_record(tmp_path / "before"), tmp_path / "runs"
    shutil.copytree(record / "scores" / STUDY, made / "scores")
    shutil.copytree(record / "clips" / STUDY, made / "clips")
    for name, end in NAMES.items():
        shutil.copyfile(record / f"{STUDY}{end}", made / name)
    (made / "clips/old.mp3").write_bytes(b"not in the list")
    return made


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "results/cpu/longcat"


def test_all_is_copied_and_sealed(made, folder):
    assert publish(made, folder, STUDY) == folder / f"{STUDY}_manifest.json"
    study = load_study(folder, STUDY)
    assert study.damage == {} and all(part.value is not None for part in study.parts())
    assert sorted(path.name for path in folder.rglob("*.csv")) == [
        "clips.csv", "dim128_s0_generation.csv", "dim256_s0_generation.csv", "dim64_s0_generation.csv", f"{STUDY}.csv",
        f"{STUDY}_runs.csv", f"{STUDY}_verdicts.csv",
    ]  # fmt: skip
    assert len(list(folder.glob(f"clips/{STUDY}/*.mp3"))) == 4


def test_what_an_earlier_record_had_is_gone_and_other_studies_stay(made, folder):
    publish(made, folder, STUDY)
    gone = folder / f"scores/{STUDY}/dropped_s0_generation.csv", folder / f"clips/{STUDY}/dropped.mp3"
    others = folder / "fig4.csv", folder / "scores/fig4/dim64_s0_generation.csv", folder / "notes.txt"
    for path in (*gone, *others):
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    publish(made, folder, STUDY)
    assert not any(path.exists() for path in gone) and all(path.exists() for path in others)
    assert load_study(folder, STUDY).damage == {}


@pytest.mark.parametrize("name", [*NAMES, "clips/clips.csv", "clips/dim64_generation_c0.mp3"])
def test_what_is_missing_is_named_and_leaves_no_record_that_seems_whole(made, folder, name):
    publish(made, folder, STUDY)
    (made / name).unlink()
    with pytest.raises(ConfigError, match=name):
        publish(made, folder, STUDY)
    assert name == "clips/clips.csv" or not (folder / f"{STUDY}_manifest.json").exists()


def test_what_can_not_be_is_not_recorded(made, folder):
    (made / "table.csv").write_text((made / "table.csv").read_text().replace("0.04,", "-0.04,"))
    with pytest.raises(ConfigError, match=rf"{STUDY}\.csv: row 2: value is -0.04, which wer can't be"):
        publish(made, folder, STUDY)
    assert not (folder / f"{STUDY}_manifest.json").exists()


def test_a_copy_that_is_not_the_same_is_an_error(made, folder, monkeypatch):
    hashes = iter("ab")
    monkeypatch.setattr(module, "sha256", lambda path: next(hashes))
    with pytest.raises(ConfigError, match="not what was copied"):
        publish(made, folder, STUDY)
