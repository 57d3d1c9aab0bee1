"""Each result says which commit, code and machine made it."""

import subprocess
import sys

from shared.files import read_json, write_json
from shared.studies import origin
from shared.studies.provenance import provenance


def make_job(root, kind, key, **fields):
    folder = root / kind / key
    folder.mkdir(parents=True)
    if fields:
        write_json(folder / origin.NAME, {"date_utc": key, **fields})
    return str(folder)


def test_a_job_gets_a_note_beside_its_result(tmp_path, monkeypatch):
    result = tmp_path / "model.safetensors"
    monkeypatch.setattr(sys, "argv", ["origin", str(result), "--code", "abc"])
    origin.main()
    note = read_json(tmp_path / origin.NAME)
    assert note["code_hash"] == "abc"
    assert set(note) == {"date_utc", "commit", "dirty", "code_hash", "hardware"}


def test_only_what_a_run_reads_can_make_its_code_dirty(tmp_path, monkeypatch):
    monkeypatch.setattr(origin, "ROOT", tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "first"], check=True)
    (tmp_path / "run.log").touch()
    assert origin.commit()["dirty"] is False
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/new.py").touch()
    assert origin.commit()["dirty"] is True


def test_a_table_names_what_its_jobs_were_made_with_and_not_what_is_there_now(tmp_path):
    old, new = ({"commit": name, "dirty": False, "code_hash": name} for name in ("old", "new"))
    jobs = [
        make_job(tmp_path, "generator", "1", **old),
        make_job(tmp_path, "generator", "2", **new),
        make_job(tmp_path, "generator", "3", **old),
        make_job(tmp_path, "latents", "1"),
    ]
    spec = {"source": "s", "study": "t", "scale": "cpu", "seeds": [0], "config_hash": "h", "jobs": jobs}
    found = provenance(spec | {"variants": [{"scores": {"0": {}}}]})["origins"]
    assert found == {
        "generator": [old | {"jobs": 2}, new | {"jobs": 1}],
        "latents": [{"commit": "unknown", "jobs": 1}],
    }


def test_exposure_says_how_it_was_measured(tmp_path):
    said = {"estimator": "e", "n": 3}
    write_json(tmp_path / "exposure.json", said)
    variants = [{"scores": {"0": {}}, "name": "a"}]
    variants += [{"scores": {"0": {}}, "name": "b", "exposure": {"0": str(tmp_path / "exposure.csv")}}]
    spec = {"source": "s", "study": "t", "scale": "cpu", "seeds": [0], "config_hash": "h", "jobs": []}
    assert provenance(spec | {"variants": variants})["metrics"] == {"generation": {"exposure": said}}
    assert provenance(spec | {"variants": variants[:1]})["metrics"] == {}
