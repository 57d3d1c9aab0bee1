"""What DVC versions of `runs/`: a mirror under `versions/`, of hard links, which cost no space.

    python -m shared.plan.versions keep SCALE OWNER     what was made is mirrored; a stage of dvc.yaml does it last
    python -m shared.plan.versions restore              what DVC brought is put in runs/ where it is missing there;
                                                        a stage does it first, and it checks what the rest of it runs

DVC takes a folder that it versions for its own: `dvc exp run` and `dvc checkout` replace it by the version that
dvc.lock names, or delete it if that is nowhere. So it gets none in which something trains: `runs/` is Snakemake's
alone, and nothing in it is ever overwritten from here. Checkpoints are not mirrored.
"""

import argparse
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from shared.config import ConfigError, parse
from shared.job import run_job
from shared.plan.workflow import Settings
from shared.user_files import file_name
from shared.yaml_file import load_yaml

RUNS, VERSIONS = Path("runs"), Path("versions")
CHECKPOINTS = "checkpoints"
PARAMS = Path("params.yaml")


def keep(scale: str, owner: str) -> int:
    """Mirror what lies in `runs/<scale>/<owner>` as it is now; returns how many files were new or had changed."""
    count = 0
    for path in _files(RUNS / scale / owner):
        mirrored = VERSIONS / path.relative_to(RUNS)
        if not mirrored.exists() or not mirrored.samefile(path):
            _link(path, mirrored)
            count += 1
    return count


def restore() -> int:
    """Put what `versions/` has and `runs/` lacks there; returns how many files that were.

    They get one time, since DVC writes files in any order and Snakemake makes again what is older than its input.
    """
    now, count = time.time(), 0
    for path in _files(VERSIONS):
        missing = RUNS / path.relative_to(VERSIONS)
        if not missing.exists():
            _link(path, missing)
            os.utime(missing, (now, now))
            count += 1
    return count


def check_params() -> None:
    """Whether the scale of params.yaml is a name: DVC puts it into a stage's commands as it is, and a shell reads them.

    Raises:
        ConfigError: it is none, or another setting is wrong.
    """
    if PARAMS.exists():
        parse(Settings, load_yaml(PARAMS), str(PARAMS))


def _files(folder: Path) -> Iterator[Path]:
    """Files below a folder, without checkpoints and half-written ones."""
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != CHECKPOINTS]
        yield from (Path(root, name) for name in names if not name.startswith("."))


def _link(path: Path, target: Path) -> None:
    """Make `target` the same file as `path`, or a copy of it on another disk; whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        os.link(path, temporary)
    except OSError:
        shutil.copy2(path, temporary)
    os.replace(temporary, target)


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    each = commands.add_parser("keep", help="mirror runs/SCALE/OWNER in versions/")
    each.add_argument("scale", help="such as cpu")
    each.add_argument("owner", help="a source, such as longcat, or shared")
    commands.add_parser("restore", help="put what versions/ has and runs/ lacks in runs/")
    arguments = parser.parse_args()
    for name in ("scale", "owner") if arguments.command == "keep" else ():
        if file_name(given := getattr(arguments, name)) != given:
            raise ConfigError(f"{name}: {given!r} is no name of a folder")
    check_params()
    count = keep(arguments.scale, arguments.owner) if arguments.command == "keep" else restore()
    print(f"{arguments.command}: {count} files")


if __name__ == "__main__":
    run_job(_main)
