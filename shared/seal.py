"""A seal says what lies in a run folder: which job's result, the hash of each file, and what that was made from.

    python -m shared.seal RESULT...     seal the folder of a job's output as it is, once you know that it is whole

A job's folder is sealed once the job is done. Whatever reads a file of it compares the hash: a flipped bit, a part cut
off or another run's file is an error before anything is computed, not another number in a figure. The hash of a set of
clips stands in the list of them, so their folder is not listed here; checkpoints carry their own.
"""

import argparse
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from shared.config import ConfigError, Strict, digest
from shared.files import read_json, sha256, write_json
from shared.job import run_job

NAME = "seal.json"
RUNS = "runs"  # where sealed folders lie
ORIGIN = "origin.json"  # says when and where; sealed like the rest, but another date is no other content
# What is about the run, and not its result.
_NOTES = (NAME, "spec.json", "asked.json", "benchmark.tsv")
_APART = ("audio", "clips", "checkpoints")  # folders whose files have their hash elsewhere


class Sealed(Strict):
    """What a file says of others; its `seal` is a hash of all that it says, so that damage to it shows, too."""

    def expected_seal(self) -> str:
        """What `seal` is if nobody has changed the file."""
        return digest(self.model_dump(mode="json", exclude={"seal"}), length=64)

    def sealed(self) -> Self:
        """The same with its hash."""
        return self.model_copy(update={"seal": self.expected_seal()})


class Seal(Sealed):
    """What `seal.json` says.

    Attributes:
        place: kind and key of the job, the end of its folder's path. The key is a hash of its whole configuration.
        results: the files that Snakemake asked for, of one or several jobs; one that is missing is made anew.
        files: SHA-256 of each file, by its path below the folder.
        made_from: the content (see below) of what each input's folder held, by that folder.
        seal: hash of all the above.
    """

    place: str
    results: list[str]
    files: dict[str, str]
    made_from: dict[str, str]
    seal: str = ""

    @property
    def content(self) -> str:
        """Hash of what the folder holds, the same wherever and whenever it was made."""
        files = {name: each for name, each in self.files.items() if name != ORIGIN}
        return digest([self.place, files], 64)


def seal_folder(results: Iterable[Path], inputs: Iterable[Path] = ()) -> Seal:
    """Seal the folder of `results`, a job's outputs, which the job has made from `inputs`.

    Where another job has sealed its results in the same folder, they stay sealed.

    Raises:
        ConfigError: an input's folder has no seal or a damaged one.
    """
    results = [Path(result) for result in results]
    folder = results[0].parent
    before = _found(folder)
    asked = {*(before.results if before else ()), *(result.name for result in results)}
    made_from = dict(before.made_from) if before else {}
    made_from |= {other.as_posix(): _read(path).content for other, path in _folders(inputs).items() if other != folder}
    seal = Seal(
        place=_place(folder),
        results=sorted(name for name in asked if (folder / name).exists()),
        files={path.relative_to(folder).as_posix(): sha256(path) for path in _sealed_files(folder)},
        made_from=made_from,
    ).sealed()
    write_json(folder / NAME, seal.model_dump())
    return seal


def check_inputs(inputs: Iterable[Path]) -> None:
    """Whether what a job is about to read is what was made, and is of one piece.

    Raises:
        ConfigError: a folder has no seal, a file was changed, or something was made from other files than lie there
            now; one line says which and what to delete.
    """
    for folder, asked in _folders(inputs).items():
        seal = _read(asked)
        if seal.place != _place(folder):
            raise ConfigError(
                f"{folder / NAME}: is of another job, {seal.place}, and what lies beside it may be, too; delete "
                f"{asked} and run again, which makes it anew"
            )
        for name in seal.files:
            _check(folder, seal, name)
        for place, content in seal.made_from.items():
            now = _found(Path(place))
            if now is not None and now.content != content:
                raise ConfigError(f"{asked}: was made from another {place} than lies there now; {_again(folder, seal)}")


def check_file(path: Path) -> None:
    """Whether a file of a run folder is what its job wrote; where there is no seal, nothing is known.

    Raises:
        ConfigError: it was changed, or the seal was.
    """
    path = Path(path)
    if (path.parent / NAME).exists():
        _check(path.parent, _read(path), path.name)


def _check(folder: Path, seal: Seal, name: str) -> None:
    path = folder / name
    if not path.is_file():
        raise ConfigError(f"{path}: missing; {_again(folder, seal, name)}")
    if name not in seal.files:
        raise ConfigError(f"{path}: is not a file that its job wrote; {_again(folder, seal, name)}")
    if sha256(path) != seal.files[name]:
        raise ConfigError(f"{path}: damaged, is not what its job wrote (other SHA-256); {_again(folder, seal, name)}")


def _read(file: Path) -> Seal:
    """The seal of the folder that `file` lies in."""
    path = file.with_name(NAME)
    remedy = f"delete {file} and run again, or, if you know that it is whole: python -m shared.seal {file}"
    try:
        seal = Seal.model_validate(read_json(path))
    except FileNotFoundError:
        raise ConfigError(f"{path}: missing, so nothing says that {file.name} is whole; {remedy}") from None
    except (ValueError, OSError, RecursionError):
        raise ConfigError(f"{path}: damaged, no seal; {remedy}") from None
    if seal.seal != seal.expected_seal():
        raise ConfigError(f"{path}: damaged, changed since it was written; {remedy}")
    return seal


def _found(folder: Path) -> Seal | None:
    """The seal of a folder, if it has a whole one."""
    try:
        return _read(folder / NAME)
    except ConfigError:
        return None


def _again(folder: Path, seal: Seal, name: str = "") -> str:
    """What to do: a file that Snakemake asked for is made anew where it is missing, and with it those beside it."""
    asked = name if name in seal.results else seal.results[0]
    return f"delete {folder / asked} and run again, which makes it anew"


def _place(folder: Path) -> str:
    return "/".join(folder.absolute().parts[-2:])


def _folders(inputs: Iterable[Path]) -> dict[Path, Path]:
    """Folders of those inputs that a job has made, each once, with the first input in it."""
    made = [Path(path) for path in inputs]
    return {path.parent: path for path in reversed(made) if RUNS in path.parts[:1]}


def _sealed_files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _APART)
        yield from (Path(root, name) for name in sorted(names) if not (name in _NOTES or name.startswith(".")))


def main() -> None:
    """Command line of a person who knows that what lies in run folders is whole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path, help="outputs of jobs: runs/SCALE/OWNER/KIND/KEY/FILE")
    for result in parser.parse_args().results:
        if not result.is_file():
            raise ConfigError(f"{result}: no such file")
        print(f"{result.parent}: {len(seal_folder([result]).files)} files sealed")


if __name__ == "__main__":
    run_job(main)
