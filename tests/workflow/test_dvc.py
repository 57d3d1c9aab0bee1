"""`dvc repro` around Snakemake in a repository of its own, with stand-ins for heavy jobs."""

import json
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
    """A Git and DVC repository with the made-up source at scale smoke, of one variant."""

    def __init__(self, folder: Path):
        self.folder = folder / "repository"
        Project(self.folder, ("dim64",))
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
        (self.folder / ".gitignore").write_text((ROOT / ".gitignore").read_text())
        self.run(sys.executable, "-m", "shared.cli.replicate", "dvc")
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
    repository.edit("shared/plotting/draw.py", "import argparse", "# A comment.\nimport argparse")
    said = repository.run("dvc", "repro")
    assert "Running stage 'toy'" in said and ": working" not in said
    repository.run("git", "checkout", "-q", ".")


STUDY = "replications/toy/study.yaml"
GENERATOR = {"train_generator", "sample", "score", "tabulate"}
EVERYTHING = {"build_corpus", "ground_truth", "train_asr", "train_speaker", "train_autoencoder", "encode_latents",
              "reconstruct", *GENERATOR}  # fmt: skip
# Which jobs an edit of which code is of concern to: tests/plan/test_stale.py.
EDITS = {
    "a setting": (STUDY, "peak: 0.006\n", "peak: 0.003\n", GENERATOR),
    "the corpus": (STUDY, "utterances: 48", "utterances: 49", EVERYTHING),
    "code": ("shared/sampling/guidance.py", "            return ", "            changed = 1\n            return ",
             {"sample", "score", "tabulate"}),
}  # fmt: skip


@pytest.mark.parametrize("what", EDITS)
def test_what_an_edit_reruns(repository, what):
    *edit, rules = EDITS[what]
    repository.edit(*edit)
    assert planned_and_undone(repository) == rules


def planned_and_undone(repository: Repository) -> set[str]:
    """The heavy rules that the edit would run; it is taken back."""
    try:
        return repository.planned() & EVERYTHING
    finally:
        repository.run("git", "checkout", "-q", ".")


def test_an_experiment_is_a_second_set_of_metrics(repository):
    said = repository.run("dvc", "exp", "run", "--set-param", "seeds=[1]")
    assert "shared.training.generator: working" in said and "shared.training.evaluators.asr: working" not in said
    assert json.loads(repository.run("dvc", "params", "diff", "--json"))["params.yaml"]["seeds"]["new"] == "[1]"
    metrics = json.loads(repository.run("dvc", "metrics", "diff", "--json"))
    changed = metrics["results/smoke/toy/width_metrics.json"]
    assert any("generation" in name and value["diff"] for name, value in changed.items()), changed
    repository.run("git", "checkout", "-q", ".")
    repository.run("dvc", "checkout")
    assert not repository.planned() & EVERYTHING


def test_a_clone_pulls_the_figure_and_trains_nothing(repository, tmp_path):
    repository.run("dvc", "remote", "add", "--local", "-d", "store", str(tmp_path / "store"))
    repository.run("dvc", "push")
    clone = tmp_path / "clone"
    repository.run("git", "clone", "-q", str(repository.folder), str(clone))
    repository.run("dvc", "remote", "add", "-d", "store", str(tmp_path / "store"), folder=clone)
    repository.run("dvc", "pull", folder=clone)
    repository.run(sys.executable, "-m", "shared.plan.versions", "restore", folder=clone)
    repository.run("snakemake", "--touch", "--", "all", folder=clone)
    figure = "figures/toy_width.pdf"
    assert (clone / figure).read_bytes() == (repository.folder / figure).read_bytes()
    assert repository.planned(clone) == set()
    assert "up to date" in repository.run("dvc", "status", folder=clone)
