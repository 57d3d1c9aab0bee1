"""A study's record is sealed: beside its files lies `<study>_manifest.json`, which says whose it is and holds a hash of
each.

It does not keep anybody from changing a record on purpose, who can seal it again. It tells what was changed, lost or
put under another name by mistake.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from shared.config import ConfigError, parse
from shared.files import read_json, sha256, write_json
from shared.record.keep_clips import LIST
from shared.seal import Sealed

CLIPS, SCORES = "clips", "scores"
# What each study has, by the end of its file's name. The table's own end goes last: it ends the others too.
STUDY, RUNS = "_study.json", "_runs.csv"
ENDS = ("_verdicts.csv", RUNS, "_provenance.json", "_metrics.json", STUDY, ".png", ".md", ".csv")
KEPT = (".csv", ".safetensors")  # of scores
MANIFEST = "_manifest.json"
MEND = "bring it back (git restore) or record the study again"
UNSEALED = "its manifest is missing or damaged"


class Manifest(Sealed):
    """What a study's record consists of.

    Attributes:
        label: folder under results/: a scale, or a scale and a corpus.
        files: SHA-256 of each file, by its path from the source's folder.
        seal: hash of all the above.
    """

    kind: Literal["record of a study"]
    label: str
    source: str
    study: str
    files: dict[str, str]
    seal: str = ""


@dataclass(frozen=True)
class Seal:
    """What the manifest says of a study's files.

    Attributes:
        path: the manifest.
        problem: what is wrong with it; then it vouches for no file.
        files: those that it does not vouch for, with what is wrong.
    """

    path: Path
    problem: str = ""
    files: dict[Path, str] = field(default_factory=dict)

    def problem_of(self, path: Path) -> str:
        """What is wrong with a file of the study; empty: nothing."""
        return UNSEALED if self.problem else self.files.get(path, "")

    def damage(self) -> dict[Path, str]:
        """The files to be named."""
        return {self.path: self.problem} if self.problem else self.files


def files_of(folder: Path, study: str) -> Iterator[Path]:
    """The files of a study in a source's folder, the manifest apart."""
    yield from (path for end in ENDS if (path := folder / f"{study}{end}").exists())
    yield from sorted(path for path in (folder / SCORES / study).glob("*") if path.suffix in KEPT)
    yield from sorted(path for path in (folder / CLIPS / study).glob("*") if path.name == LIST or path.suffix == ".mp3")


def write_manifest(folder: Path, study: str) -> Path:
    """Seal a study's files as they are; returns the manifest."""
    made = Manifest(
        kind="record of a study", label=folder.absolute().parent.name, source=folder.absolute().name, study=study,
        files={path.relative_to(folder).as_posix(): sha256(path) for path in files_of(folder, study)},
    )  # fmt: skip
    path = folder / f"{study}{MANIFEST}"
    write_json(path, made.sealed().model_dump(mode="json"))
    return path


def check_seal(folder: Path, study: str, source: str | None = None) -> Seal:
    """Hold a study's files against its manifest.

    Args:
        folder: the source's.
        study: its name.
        source: whose record this is meant to be, where the folder may be called anything; by default the folder and
            the one above it say whose, and at which scale.
    """
    path = folder / f"{study}{MANIFEST}"
    label = folder.absolute().parent.name if source is None else None
    try:
        found = _read_manifest(path)
    except FileNotFoundError:
        return Seal(path, f"missing; {MEND}, or, if you know that nothing has changed: replicate seal")
    except (ConfigError, OSError) as error:
        return Seal(path, f"{str(error).removeprefix(f'{path}: ')}; {MEND}")
    wanted = (label or found.label, source or folder.absolute().name, study)
    if (found.label, found.source, found.study) != wanted:
        whose = f"of {found.source} {found.study} at {found.label}, not of {wanted[1]} {study} at {wanted[0]}"
        return Seal(path, f"{whose}; {MEND}")
    return Seal(path, files=dict(_differences(folder, study, found.files)))


def _read_manifest(path: Path) -> Manifest:
    found = parse(Manifest, read_json(path), str(path))
    if found.seal != found.expected_seal():
        raise ConfigError(f"{path}: changed since it was written")
    return found


def _differences(folder: Path, study: str, listed: dict[str, str]) -> Iterator[tuple[Path, str]]:
    there = {path.relative_to(folder).as_posix(): path for path in files_of(folder, study)}
    for name, path in there.items():
        if name not in listed:
            yield path, f"not in the manifest of {study}; take it away or record the study again"
        elif not path.is_file():
            yield path, f"no file; {MEND}"
        elif sha256(path) != listed[name]:
            yield path, f"changed since it was recorded; {MEND}"
    for name in listed:
        if name not in there:
            yield folder / name, f"missing; {MEND}"
