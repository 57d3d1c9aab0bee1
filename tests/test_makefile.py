"""What is given to make reaches a program as it was typed, whatever signs are in it; nothing in it is run."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKE = shutil.which("make") or ""
pytestmark = pytest.mark.skipif(not MAKE, reason="make is not installed")
SHOW = "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$(dirname \"$0\")/words\"\n"
# Each would leave the file `ran` behind if a shell or make took it for more than a text.
HOSTILE = ["$(touch ran)", "`touch ran`", "'; touch ran; '", '"; touch ran; "', "a b\tc", "a;touch ran", "a|touch ran",
           "$(shell touch ran)", "${shell touch ran}", "$$(touch ran)", "a#b", "x,y", "~", "*", "\\", "a&&touch ran",
           ">ran", "$HOME"]  # fmt: skip


@pytest.fixture
def project(tmp_path) -> Path:
    """The Makefile with an environment that is up to date, whose programs write down what they are given."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "envs", tmp_path / "envs")
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for name in ("snakemake", "python"):
        (tmp_path / ".venv/bin" / name).write_text(SHOW)
        (tmp_path / ".venv/bin" / name).chmod(0o755)
    (tmp_path / ".venv/ready").touch()
    return tmp_path


def make(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """`make ARGUMENTS` there."""
    words = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run([MAKE, *arguments], cwd=project, env=words | environment, capture_output=True, text=True)


def given(project: Path) -> list[str]:
    """The words that the program in the place of snakemake was given."""
    return (project / ".venv/bin/words").read_text().splitlines()


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_given_is_one_word_and_no_command(project, text):
    words = {name: f"{name}={text}" for name in ("SCALE", "SEEDS", "CORPUS")}
    expected = ["--config", f"scale={text}", f"seeds=[{text}]", f"corpus={text}", "--", "figures/a.pdf"]
    assert make(project, *words.values(), "figures/a.pdf").returncode == 0
    assert given(project) == expected
    environment = {name: word.partition("=")[2] for name, word in words.items()}
    assert make(project, "figures/a.pdf", **environment).returncode == 0
    assert given(project) == expected and not (project / "ran").exists()


@pytest.mark.parametrize("text", [*HOSTILE[:4], "a; touch ran", "$(shell touch ran)"])
def test_a_python_is_a_program_and_no_command(project, text):
    (project / ".venv/ready").unlink()
    done = make(project, f"PYTHON={text}", "env")
    assert done.returncode != 0 and not (project / "ran").exists() and f"{text} is" in done.stdout


def test_a_line_break_is_refused_and_nothing_after_it_is_run(project):
    done = make(project, "CORPUS=/takes\ntouch ran", "figures/a.pdf")
    assert done.returncode != 0 and not (project / "ran").exists()


@pytest.mark.parametrize("text", ["`touch ran`", "'; touch ran; '", "a;touch ran"])
def test_a_figure_is_a_name_and_no_command(project, text):
    make(project, f"figures/{text}.pdf")
    assert given(project)[-1] == f"figures/{text}.pdf" and not (project / "ran").exists()


def test_settings_are_those_of_before(project):
    assert make(project, "figures/a.pdf", SCALE="cpu", SEEDS="0", CORPUS="").returncode == 0
    assert given(project) == ["--config", "scale=cpu", "seeds=[0]", "--", "figures/a.pdf"]
    assert make(project, "SEEDS=", "SCALE=gpu", "CORPUS=/takes/set #1", "figures/a.pdf").returncode == 0
    assert given(project) == ["--config", "scale=gpu", "corpus=/takes/set #1", "--", "figures/a.pdf"]
