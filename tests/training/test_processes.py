"""Two processes train what one does; a dead one ends the job, which then resumes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from shared.corpora.build import build_corpus
from shared.corpora.config import parse_corpus
from shared.studies.schema import load_sources
from shared.training.checkpoint import NAME
from shared.training.encode import encode_corpus

ROOT = Path(__file__).parents[2]
CONFIG = load_sources(ROOT / "replications")["longcat"].resolve("dim64", "smoke")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A corpus, a trained autoencoder and its latents."""
    folder = tmp_path_factory.mktemp("processes")
    spec = {"kind": "speech", "sample_rate": 16000, "grammar": "tiny", "voices": 2, "held_out_voices": 1,
            "utterances": 40, "validation": 4, "test": 8, "seed": 0}
    build_corpus(parse_corpus(spec, "test"), folder / "manifest.json")
    train(folder, "autoencoder", 1, folder / "one")
    encode_corpus(folder / "manifest.json", folder / "one/model.safetensors", folder / "latents.safetensors")
    return folder


def command(folder: Path, kind: str, processes: int, output: Path, steps: int = 6, accumulation: int = 2) -> list[str]:
    """The command line of a training job, as a rule writes it."""
    recipe = getattr(CONFIG, kind).model_dump(mode="json")
    recipe["training"] |= {"steps": steps, "batch": 4, "accumulation": accumulation, "checkpoint_every": 3}
    if kind == "autoencoder":
        recipe["adversary"]["start"] = 2
    output.mkdir(exist_ok=True)
    spec = {"corpus": {}, "autoencoder": recipe, "seed": 0} if kind == "autoencoder" else \
           {"autoencoder": {}, "generator": recipe, "seed": 0}  # fmt: skip
    (output / "spec.json").write_text(json.dumps(spec))
    files = {"corpus": folder / "manifest.json", "checkpoints": output / "checkpoints", "spec": output / "spec.json",
             "output": output / "model.safetensors"}
    if kind == "generator":
        files["latents"] = folder / "latents.safetensors"
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    options = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    return [sys.executable, *launch, "-m", f"shared.training.{kind}", *options]


def train(*arguments, **options) -> subprocess.CompletedProcess:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command(*arguments, **options), env=environment, capture_output=True, text=True, timeout=240)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["autoencoder", "generator"])
def test_two_processes_learn_what_one_does(folder, tmp_path, kind):
    done = {n: train(folder, kind, n, tmp_path / str(n)) for n in (1, 2)}
    assert [run.returncode for run in done.values()] == [0, 0], done[2].stderr[-2000:]
    one, two = (load_file(tmp_path / n / "model.safetensors") for n in "12")
    for name, weights in one.items():
        torch.testing.assert_close(two[name], weights, rtol=1e-3, atol=1e-5, msg=name)


@pytest.mark.slow
def test_micro_batches_that_do_not_divide_among_processes_are_one_line(folder, tmp_path):
    run = train(folder, "autoencoder", 2, tmp_path / "odd", accumulation=1)
    assert run.returncode != 0
    assert "error: training.accumulation: 1 micro-batches can't be shared by 2 processes" in run.stderr


@pytest.mark.slow
def test_a_dead_worker_ends_the_job_and_a_rerun_resumes(folder, tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    words = command(folder, "generator", 2, tmp_path / "dead", steps=2000)
    job = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / "dead/checkpoints" / NAME
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    workers = psutil.Process(job.pid).children()
    assert len(workers) == 2
    workers[1].kill()
    assert job.wait(timeout=120) != 0
    saved = torch.load(checkpoint, weights_only=True)["step"]
    assert 0 < saved < 2000
    run = train(folder, "generator", 2, tmp_path / "dead", steps=2000 if saved > 1990 else saved + 3)
    assert run.returncode == 0, run.stderr[-2000:]
