"""Which jobs of the `cpu` plan an edit of the code renames or makes run again."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from shared.parsed_code import KEPT
from tests.extending import copy_code

ROOT = Path(__file__).parents[2]
# For each job its kind, its key, its code's hash and the families of autoencoders that its config names.
LIST_JOBS = """
import json
from pathlib import Path

from shared.plan.plan import Plan
from shared.plan.schema import load_sources


def families(spec):
    members = spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else []
    own = {spec["family"]} if isinstance(spec, dict) and "family" in spec else set()
    return own.union(*map(families, members))


jobs = Plan(load_sources(Path("replications")), "cpu").jobs.values()
print(json.dumps([[job.kind, job.key, job.code, sorted(families(job.spec))] for job in jobs]))
"""


def list_jobs(folder: Path) -> list[tuple[str, str, str, list[str]]]:
    """The jobs that the code in a folder plans."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", LIST_JOBS], cwd=folder, env=environment, text=True,
                          capture_output=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def before():
    """The jobs as the code is."""
    return list_jobs(ROOT)


@pytest.fixture
def copy(tmp_path):
    """A copy of the code to edit, with what is kept of it, so that only what is edited is read anew."""
    for name in ("shared", "replications"):
        copy_code(ROOT / name, tmp_path / name)
    KEPT.mkdir(parents=True, exist_ok=True)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / KEPT.name).symlink_to(KEPT)
    return tmp_path


def replaced(path: str, old: str, new: str):
    """An edit that replaces a text wherever a file has it."""

    def edit(folder: Path) -> None:
        text = (folder / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        (folder / path).write_text(text.replace(old, new))

    return edit


def new_field(path: str, name: str):
    """An edit that gives a config class a field with a default."""

    def edit(folder: Path) -> None:
        text = (folder / path).read_text()
        edited = re.sub(rf'(class {name}\(.*?\):\n    """.*?"""\n)', r"\1\n    new: float = 0.0\n", text, flags=re.S)
        assert edited != text, f"{path} has no {name}"
        (folder / path).write_text(edited)

    return edit


def new_kinds(folder: Path) -> None:
    """Add a family, a loss, a metric and a relation that no study names: each a copy of another, under its own name."""
    for package, other in (("autoencoders", "oobleck"), ("losses", "spectral_distance"), ("metrics", "lsd"),
                           ("statistics/relations", "better")):  # fmt: skip
        for path in (folder / "shared" / package).glob(f"{other}*.py"):
            text = path.read_text().replace(f'"{other}"', '"mine"').replace(f"{other}_config", "mine_config")
            path.with_name(path.name.replace(other, "mine")).write_text(text)


def moved(folder: Path) -> None:
    """Move a module that most jobs use, and rename it."""
    (folder / "shared/audio/io.py").rename(folder / "shared/layers/reading.py")
    for path in folder.rglob("*.py"):
        path.write_text(path.read_text().replace("shared.audio.io", "shared.layers.reading"))


NOTHING = {
    "a field of GaussianConfig": new_field("shared/bottlenecks/gaussian_config.py", "GaussianConfig"),
    "a field of TrainingConfig": new_field("shared/training/config.py", "TrainingConfig"),
    "a field of RAVE's config": new_field("shared/autoencoders/rave_config.py", "RaveConfig"),
    "how often progress is printed": replaced("shared/progress.py", "every: float = 5.0", "every: float = 10.0"),
    "the help of every job's command line": replaced("shared/job.py", 'help="', 'help="Now: '),
    "what a field is described as": replaced("shared/training/config.py", 'description="', 'description="Now: '),
    "how often a checkpoint is written": replaced("shared/training/config.py", "Field(500, gt=0", "Field(501, gt=0"),
    "where a module lies": moved,
    "what kinds there are": new_kinds,
}


def test_no_job_is_another_after_edits_that_change_no_result(before, copy):
    """All of them at once, since no edit can undo what another does to a hash."""
    for edit in NOTHING.values():
        edit(copy)
    assert list_jobs(copy) == before, f"make them one at a time to see which it is: {', '.join(NOTHING)}"


def test_a_family_is_of_concern_to_the_jobs_that_name_it(before, copy):
    end = "super().__init__()"
    replaced("shared/autoencoders/rave.py", end, f"{end}\n        self.edited = True")(copy)
    after = list_jobs(copy)
    assert [job[:2] for job in after] == [job[:2] for job in before]
    stale = [job for job, same in zip(after, before, strict=True) if job != same]
    assert stale and all("rave" in job[3] for job in stale)
    # Those that run a model; scores read recordings.
    trained = {job[0] for job in before if job[0] in ("autoencoder", "latents", "reconstructions", "samples")}
    assert {job[0] for job in stale} >= trained - {"samples", "latents"} and "scores" not in {job[0] for job in stale}


def test_a_default_is_of_concern_to_the_jobs_that_rest_on_it_and_read_it(before, copy):
    replaced("shared/training/config.py", "weight_decay: float = Field(0.0", "weight_decay: float = Field(0.001")(copy)
    after = list_jobs(copy)
    assert [job[1] for job in after] == [job[1] for job in before]
    stale = Counter(job[0] for job, same in zip(after, before, strict=True) if job != same)
    # Evaluators have a weight decay of their own.
    assert set(stale) == {"autoencoder", "generator"} and not {"asr", "speaker"} & set(stale)


def test_code_is_of_concern_to_the_jobs_that_run_it(before, copy):
    for path in ("generators/dit.py", "metrics/pesq.py", "training/evaluators/speaker.py"):
        text = (copy / "shared" / path).read_text()
        edited = re.sub(r"\n( +)return ", r"\n\1changed = 1\n\1return ", text)
        assert edited != text
        (copy / "shared" / path).write_text(edited)
    after = list_jobs(copy)
    stale = [job for job, same in zip(after, before, strict=True) if job != same]
    # The generator, and what makes clips by it; PESQ, by which noise is judged, too; the speaker model.
    assert {job[0] for job in stale} == {"generator", "samples", "scores", "ladder", "noise", "speaker"}
    assert sum(job[0] == "scores" for job in stale) < sum(job[0] == "scores" for job in before)
