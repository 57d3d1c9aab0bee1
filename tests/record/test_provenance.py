"""Each result says which commit, code and machine made it."""

import subprocess

import pytest

from shared.files import read_json, write_json
from shared.record import origin
from shared.record.provenance import provenance
from tests.made_up_study import typed


@pytest.fixture(autouse=True)
def _outside_a_hook_of_git(monkeypatch):
    # Else what these tests commit would go to the repository that the hook is of.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


def make_job(root, kind, key, **fields):
    folder = root / kind / key
    folder.mkdir(parents=True)
    if fields:
        write_json(folder / origin.NAME, {"date_utc": key, **fields})
    return str(folder)


def test_a_job_gets_a_note_beside_its_result(tmp_path):
    origin.write_origin(tmp_path / "model.safetensors", "abc")
    note = read_json(tmp_path / origin.NAME)
    assert note["code_hash"] == "abc"
    assert set(note) - {"no_commit"} == {"date_utc", "commit", "dirty", "code_hash", "hardware"}


def git(folder, *words) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def make_repository(folder, monkeypatch) -> str:
    """A repository with one commit, which it returns, taken for the project's."""
    git(folder.parent, "init", "--quiet", str(folder))
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "first")
    monkeypatch.setattr(origin, "ROOT", folder)
    return git(folder, "rev-parse", "HEAD")


def test_only_what_a_run_reads_can_make_its_code_dirty(tmp_path, monkeypatch):
    head = make_repository(tmp_path, monkeypatch)
    (tmp_path / "run.log").touch()
    assert origin.commit() == {"commit": head, "dirty": False}
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/new.py").touch()
    assert origin.commit() == {"commit": head, "dirty": True}
    (tmp_path / ".git/index").write_text("damaged")
    assert origin.commit() == {"commit": head, "dirty": None}


def test_a_worktree_and_a_submodule_have_their_own_commit(tmp_path, monkeypatch):
    (tmp_path / "outer").mkdir()
    (tmp_path / "inner").mkdir()
    inner = make_repository(tmp_path / "inner", monkeypatch)
    outer = make_repository(tmp_path / "outer", monkeypatch)
    allow = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "inner"), "project"]
    git(tmp_path / "outer", *allow)
    git(tmp_path / "outer", "worktree", "add", "--quiet", str(tmp_path / "outer/tree"))
    for name, head in {"project": inner, "tree": outer}.items():
        monkeypatch.setattr(origin, "ROOT", tmp_path / "outer" / name)
        assert origin.commit()["commit"] == head


@pytest.mark.parametrize("inside", [(), (".git",)], ids=["no repository", "an empty one"])
def test_a_tarball_inside_another_repository_does_not_have_that_ones_commit(tmp_path, monkeypatch, inside):
    make_repository(tmp_path, monkeypatch)
    project = tmp_path / "project"
    for name in (".", *inside):
        (project / name).mkdir()
    monkeypatch.setattr(origin, "ROOT", project)
    found = origin.commit()
    assert found["commit"] is found["dirty"] is None
    assert found["no_commit"] == ("Git finds none here" if inside else "not a Git checkout")


def test_a_repository_that_the_environment_names_is_not_taken_for_the_projects(tmp_path, monkeypatch):
    for name in ("project", "other"):
        (tmp_path / name).mkdir()
    make_repository(tmp_path / "other", monkeypatch)
    git(tmp_path / "other", "commit", "--quiet", "--allow-empty", "--message", "second")
    head = make_repository(tmp_path / "project", monkeypatch)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    assert origin.commit()["commit"] == head


def test_why_there_is_no_commit_is_said(tmp_path, monkeypatch):
    make_repository(tmp_path, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        assert origin.commit()["no_commit"].startswith("Git refuses the folder, which is another user's")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert origin.commit() == {"commit": None, "dirty": None, "no_commit": "git is not installed"}


def test_a_table_names_what_its_jobs_were_made_with_and_not_what_is_there_now(tmp_path):
    old, new = ({"commit": name, "dirty": False, "code_hash": name} for name in ("old", "new"))
    jobs = [
        make_job(tmp_path, "generator", "1", **old),
        make_job(tmp_path, "generator", "2", **new),
        make_job(tmp_path, "generator", "3", **old),
        make_job(tmp_path, "latents", "1"),
    ]
    found = provenance(typed({"jobs": jobs, "variants": [{"scores": {0: {}}}]}))["origins"]
    assert found == {
        "generator": [old | {"jobs": 2}, new | {"jobs": 1}],
        "latents": [{"commit": "unknown", "jobs": 1}],
    }


def test_exposure_says_how_it_was_measured(tmp_path):
    said = {"estimator": "e", "n": 3}
    write_json(tmp_path / "exposure.json", said)
    files = {"exposure_bias": {0: str(tmp_path / "exposure.csv")}}
    variants = [{"scores": {0: {}}, "name": "a"}, {"scores": {0: {}}, "name": "b", "latents": files}]
    assert provenance(typed({"variants": variants}))["metrics"] == {"generation": {"exposure_bias": said}}
    assert provenance(typed({"variants": variants[:1]}))["metrics"] == {}
