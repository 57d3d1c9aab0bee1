"""Job: put a study's table, figure, scores and clips under results/, the record, and seal them.

What an earlier record of the study had and this one lacks, such as the scores of a variant that is gone, is taken away:
it is a copy of what still lies under runs/, and of what Git has.
"""

import argparse
from pathlib import Path

from shared.config import ConfigError
from shared.files import atomic_path, sha256
from shared.job import run_job
from shared.record.files import seal_study
from shared.record.keep_clips import LIST, read_kept
from shared.record.manifest import CLIPS, KEPT, MANIFEST, RUNS, SCORES, STUDY, files_of

# What the jobs of a study write, and the end of its name in the record.
NAMES = {
    "table.csv": ".csv", "table.md": ".md", "metrics.json": "_metrics.json", "verdicts.csv": "_verdicts.csv",
    "provenance.json": "_provenance.json", "figure.png": ".png", "study.json": STUDY, "runs.csv": RUNS,
}  # fmt: skip


def publish(made: Path, folder: Path, study: str) -> Path:
    """Copy and seal; returns the manifest.

    Args:
        made: the study's folder under runs/.
        folder: of the source under results/.
        study: its name.

    Raises:
        ConfigError: a file is missing, can't be, or is not copied as it was.
    """
    copies = {folder / f"{study}{end}": made / name for name, end in NAMES.items()}
    kept = (path for path in sorted((made / SCORES).glob("*")) if path.suffix in KEPT)
    copies |= {folder / SCORES / study / path.name: path for path in kept}
    heard = (LIST, *(clip.file for clip in read_kept(made / CLIPS / LIST)))
    copies |= {folder / CLIPS / study / name: made / CLIPS / name for name in heard}
    # First, so that one which is ended half-way leaves no record that seems whole.
    (folder / f"{study}{MANIFEST}").unlink(missing_ok=True)
    for path in files_of(folder, study):
        if path not in copies:
            path.unlink()
    for target, path in copies.items():
        copy(path, target)
    return seal_study(folder, study)


def copy(path: Path, target: Path) -> None:
    """Copy a file, and read the copy back.

    Raises:
        ConfigError: it is missing, or the copy is not the same.
    """
    try:
        expected = sha256(path)
    except FileNotFoundError:
        raise ConfigError(f"{path}: missing; delete its folder and run again") from None
    with atomic_path(target) as temporary:
        temporary.write_bytes(path.read_bytes())
    if sha256(target) != expected:
        raise ConfigError(f"{target}: not what was copied, {path}; is the disk sound?")


def main() -> None:
    """Command line of the job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--made", required=True, type=Path, help="the study's folder under runs/")
    parser.add_argument("--manifest", required=True, type=Path, help="results/LABEL/SOURCE/STUDY_manifest.json")
    arguments = parser.parse_args()
    publish(arguments.made, arguments.manifest.parent, arguments.manifest.name.removesuffix(MANIFEST))


if __name__ == "__main__":
    run_job(main)
