"""`dvc repro` around Snakemake in a repository of its own, with stand-ins for heavy jobs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.workflow.project import ROOT, Project

BIN = Path(sys.executable).parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BIN / "dvc").exists(), reason="dvc is not installed (envs/dvc.txt)"),
]
COPIED = ("Snakefile", "rules", "profiles", "shared", "envs", ".dvcignore", ".gitignore", ".dvc/config")


class Repository:
    """A Git and DVC repository with the made-up source at scale smoke."""

    def __init__(self, folder: Path):
        self.folder = folder / "repository"
        Project(self.folder)
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / name, self.folder / name)
        (self.folder / ".dvc/.gitignore").write_text("/tmp\n/cache\n/config.local\n")
        # The stand-in lies outside: it is not part of what is versioned.
        shutil.move(self.folder / "python", folder / "python")
        roles = [f"GIT_{role}_{what}" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
        self.environment = {
            **os.environ,
            "REPLICATE_PYTHON": str(folder / "python"),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            **dict.fromkeys(roles, "somebody@example.org"),
        }
        self.environment.pop("PYTHONPATH", None)
        params = {"scale": "smoke", "seeds": [0], "corpus": None, "changes": {"toy": {}}}
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params))
        # Git keeps the smoke record here, as it keeps those of the other scales in the real one.
        (self.folder / ".gitignore").write_text((ROOT / ".gitignore").read_text().replace("results/smoke*/", ""))
        self.run(sys.executable, "-m", "shared.studies.cli", "dvc")
        self.run("git", "init", "-q", "-b", "main")
        self.commit()

    def run(self, *command: str, folder: Path | None = None, fails: bool = False) -> str:
        """Standard output and error of a command."""
        done = subprocess.run(command, cwd=folder or self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
        assert fails or done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    def commit(self) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", "state")

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text
        (self.folder / name).write_text(text.replace(old, new, 1))

    def planned(self, folder: Path | None = None) -> set[str]:
        """Rules that Snakemake would run."""
        said = self.run("snakemake", "--dry-run", "--config", "label=smoke", "--", "toy", folder=folder)
        lines = said.split("Job stats:")
        rows = [line.split() for line in lines[1].splitlines()] if len(lines) > 1 else []
        return {row[0] for row in rows if len(row) == 2 and row[1].isdigit()} - {"total", "toy"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """After a first `dvc repro`."""
    repository = Repository(tmp_path_factory.mktemp("dvc"))
    assert "shared.training.generator: working" in repository.run("dvc", "repro")
    repository.commit()
    return repository


def test_a_second_repro_has_nothing_to_do(repository):
    assert "up to date" in repository.run("dvc", "repro")
    assert (repository.folder / "figures/toy_width.pdf").exists()
    assert repository.run("git", "status", "--porcelain") == ""


def test_a_comment_reruns_the_command_and_trains_nothing(repository):
    repository.edit("shared/studies/draw.py", "import argparse", "# A comment.\nimport argparse")
    said = repository.run("dvc", "repro")
    assert "Running stage 'toy'" in said and ": working" not in said
    repository.run("git", "checkout", "-q", "shared")
    repository.run("dvc", "repro")


CHANGES = {
    "sampling": ("shared/generators/guidance.py", "import torch", "A = 1\nimport torch", {"sample", "score"}, "train"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_change_reruns(repository, change):
    file, old, new, rules, spared = CHANGES[change]
    repository.edit(file, old, new)
    try:
        planned = repository.planned()
    finally:
        repository.run("git", "checkout", "-q", ".")
    assert rules <= planned and not any(rule.startswith(spared) for rule in planned), planned
