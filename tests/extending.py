"""The worked examples of docs/EXTENDING.md, put into a copy of the project and run there."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "EXTENDING.md"
COPIED = ("shared", "replications", "tests")


@dataclass(frozen=True)
class Example:
    """What a section of the page shows.

    Attributes:
        files: text of each new file by its path: blocks that open with "```python shared/…/name.py".
        settings: what each yaml block holds.
    """

    files: dict[str, str]
    settings: list[Any]

    def add_to(self, folder: Path) -> Path:
        """Copy the project to `folder` and write the example's files there; returns `folder`.

        Raises:
            FileExistsError: a file that is there already.
        """
        for name in COPIED:
            copy_code(ROOT / name, folder / name)
        for name, text in self.files.items():
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(text)
        return folder


def copy_code(source: Path, target: Path) -> None:
    """Copy a folder of code with what Python has compiled of it, which holds for the copy, too."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.pyc.*"))  # another process is writing those


def example(section: str) -> Example:
    """The example under the heading "## <section>"."""
    page = PAGE.read_text(encoding="utf-8")
    (body,) = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", body, flags=re.MULTILINE | re.DOTALL)
    files = {name: text for language, name, text in blocks if language == "python" and name}
    return Example(files, [yaml.safe_load(text) for language, _, text in blocks if language == "yaml"])


def run_in(folder: Path, code: str, *arguments: str, timeout: float = 300) -> str:
    """Output of Python code that runs in a copy of the project, and sees no other.

    Raises:
        AssertionError: it fails; with all that it printed.
    """
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)}, capture_output=True, text=True, timeout=timeout,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
