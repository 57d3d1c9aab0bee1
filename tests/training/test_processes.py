"""Two processes train what one does; a dead one ends the job, which then resumes."""

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
import torch
import torch._dynamo  # as trainings do on their way: here once, for all that are forked
from accelerate.state import AcceleratorState
from safetensors.torch import load_file

import shared.training.autoencoder
import shared.training.generator
from shared.audio.librosa_parts import from_librosa
from shared.corpora.manifest import load_manifest
from shared.job import run_job
from shared.training import loop
from shared.training.checkpoint import NAME
from shared.training.teacher_features import save_features
from tests.sources import SOURCES
from tests.training.staged import RECIPE

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
TRAININGS = {"autoencoder": shared.training.autoencoder.main, "generator": shared.training.generator.main}
FORK = multiprocessing.get_context("fork")
CONFIG = SOURCES["longcat"].resolve("dim64", "smoke")
# As smoke has it, with narrower layers and shorter crops.
NARROW = {
    "architecture": {"n_fft": 64, "stft_hop": 16, "downsample": 4, "width": 8, "latent_width": 8},
    "reconstruction": {"magnitude": {"n_mels": 8}},
    "adversary": RECIPE["adversary"],
}


class Inputs(NamedTuple):
    """Files that trainings read."""

    manifest: Path
    latents: Path
    features: Path


@pytest.fixture
def inputs(corpus, latents, tmp_path) -> Inputs:
    features = tmp_path / "features.safetensors"
    save_features(features, [torch.randn(20, 6) for _ in load_manifest(corpus).split("train")])
    return Inputs(corpus, latents, features)


def options(
    inputs: Inputs,
    kind: str,
    output: Path,
    alignment: dict | None = None,
    stages=(),
    shaping: dict | None = None,
    **training,
) -> list[str]:
    """The options of a training job, as a rule writes them."""
    recipe = getattr(CONFIG, kind).model_dump(mode="json")
    # On some processors `auto` is bfloat16, in which nothing agrees to more than two digits.
    small = {"steps": 3, "batch": 4, "accumulation": 2, "checkpoint_every": 4, "precision": "no"}
    small |= {"optimizer": "adamw"}  # which shards ask for
    recipe["training"] |= small | training
    if kind == "autoencoder":
        for part, narrow in NARROW.items():
            recipe[part] |= narrow
        recipe["adversary"]["start"] = None if stages else 1
        recipe |= {"crop_seconds": 0.064, "alignment": alignment, "stages": stages, "shaping": shaping or {}}
    output.mkdir(exist_ok=True)
    spec = {"corpora": [{}], "autoencoder": recipe, "seed": 0} if kind == "autoencoder" else \
           {"corpus": {}, "autoencoder": {}, "generator": recipe, "seed": 0}  # fmt: skip
    (output / "spec.json").write_text(json.dumps(spec))
    corpus = {"autoencoder": "corpora", "generator": "corpus"}[kind]
    files = {
        corpus: inputs.manifest,
        "checkpoints": output / "checkpoints",
        "spec": output / "spec.json",
        "output": output / "model.safetensors",
    }
    if kind == "generator":
        files["latents"] = inputs.latents
    if alignment:
        files["features"] = inputs.features
    return [word for name, path in files.items() for word in (f"--{name}", str(path))]


class Ended(NamedTuple):
    """Exit statuses of the processes of a training, and what they said."""

    statuses: list[int]
    said: str


def start(inputs: Inputs, kind: str, processes: int, output: Path, dies: int | None = None, **recipe) -> list:
    """Train in so many processes, in the places that `torch.distributed.run` gives them; the last may die at a step.

    They are forked, which saves the seconds of their imports.
    """
    words = options(inputs, kind, output, **recipe)
    places: list[dict[str, str]] = [{}]
    if processes > 1:
        with socket.create_server(("127.0.0.1", 0)) as free:
            meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
        places = [
            {
                "RANK": rank,
                "LOCAL_RANK": rank,
                "WORLD_SIZE": str(processes),
                "LOCAL_WORLD_SIZE": str(processes),
                **meeting,
            }
            for rank in map(str, range(processes))
        ]
    deaths = [None] * (processes - 1) + [dies]
    given = [(kind, words, *each, output / "log") for each in zip(places, deaths, strict=True)]
    started = [FORK.Process(target=work, args=each) for each in given]
    for each in started:
        each.start()
    return started


def end_of(process) -> int:
    """Exit status of a process, awaited."""
    process.join()
    return process.exitcode


def train(inputs: Inputs, kind: str, processes: int, output: Path, **recipe) -> Ended:
    """Train in so many processes to their end."""
    statuses = [end_of(child) for child in start(inputs, kind, processes, output, **recipe)]
    return Ended(statuses, (output / "log").read_text())


def die_at(step: int | None) -> None:
    """Have this process killed as a training in it comes to a step."""
    whole = loop._train_step

    def stopped(task, index):
        if index == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(task, index)

    loop._train_step = stopped


def work(kind: str, words: list[str], place: dict[str, str], dies: int | None, log: Path) -> None:
    """Run the job's main program in this process, which ends after some minutes."""
    signal.alarm(600)
    for number in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    sys.argv, sys.stdout, sys.stderr = [kind, *words], sys.__stdout__, sys.__stderr__
    os.environ.update(place)
    AcceleratorState._reset_state(reset_partial_state=True)
    die_at(dies)
    run_job(TRAININGS[kind])


def weights(run: Ended, folder: Path) -> dict[str, torch.Tensor]:
    assert set(run.statuses) == {0}, run.said[-4000:]
    return load_file(folder / "model.safetensors")


def saved_state(folder: Path) -> dict:
    return torch.load(folder / "checkpoints" / NAME, weights_only=True)["state"]


def moments(folder: Path) -> dict[str, torch.Tensor]:
    """AdamW's running means of the gradients of all steps, clipped as it got them, of all that trains."""
    return {
        f"{name}.{index}": of_parameter["exp_avg"]
        for name, optimizer in saved_state(folder)["optimizers"].items()
        for index, of_parameter in optimizer["state"].items()
    }


RUNS = {"one": (1, {}), "replicas": (2, {}), "shards": (2, {"sharded": True})}


def assert_same_learning(inputs: Inputs, output: Path, kind: str, runs=RUNS, **recipe) -> None:
    """Compares the gradients of all that trains, and the weights that are kept.

    Replicas add up what one process does. Shards round otherwise: autograd adds up the gradients of several losses at
    the latent in another order. So each gradient is compared by the largest of its tensor (seen: up to 1e-3 of it, and
    1e-8 where nothing but rounding is left). AdamW divides a gradient by its own size and moves a weight whose gradient
    is rounding as far as any other, either way; so a few weights may differ.
    """
    learnt, means = {}, {}
    for name, (processes, training) in runs.items():
        learnt[name] = weights(train(inputs, kind, processes, output / name, **recipe, **training), output / name)
        means[name] = moments(output / name)
    for other in (name for name in runs if name != "one"):
        assert means[other].keys() == means["one"].keys()
        for name, each in means["one"].items():
            tolerance = 1e-2 * each.abs().max().item() + 3e-8
            torch.testing.assert_close(means[other][name], each, rtol=0, atol=tolerance, msg=f"{other}: {name}")
        for name, each in learnt["one"].items():
            assert (learnt[other][name] - each).abs().quantile(0.9) < 1e-5, f"{other}: {name}"


# Of an autoencoder, the one whose latent is shaped learns by all that one without shaping does.
@pytest.mark.slow
def test_two_processes_train_a_generator_as_one_does(inputs, tmp_path):
    assert_same_learning(inputs, tmp_path, "generator")


@pytest.mark.slow
def test_two_processes_weight_an_alignment_by_its_gradients_as_one_does(inputs, tmp_path):
    alignment = {"layer": "last", "projection": "linear", "pairwise": 1.0, "weight": {"gradient_ratio": 0.5}}
    runs = {name: RUNS[name] for name in ("one", "replicas")}
    assert_same_learning(inputs, tmp_path, "autoencoder", runs, alignment=alignment)


ALL = ["reconstruction", "kl", "adversarial", "features"]
STAGES = [
    {"steps": 1, "losses": ["reconstruction", "kl"]},
    {"steps": 1, "losses": ALL, "kept_off_encoder": ["adversarial"]},
    {"steps": 1, "train": ["decoder"], "losses": ["reconstruction", "adversarial", "features"]},
    {"steps": 1, "train": ["encoder"], "losses": ALL},
]


@pytest.mark.slow
def test_two_processes_go_through_stages_as_one_does(inputs, tmp_path):
    assert_same_learning(inputs, tmp_path, "autoencoder", stages=STAGES, steps=len(STAGES))


SMALL = {"weight": 1.0, "detach_steps": 1, "width": 16, "depth": 1}
SHAPING = {
    "generative_probe": {**SMALL, "heads": 1},
    "semantic": {"weight": 1.0, "detach_steps": 1, "level_difference": 0},
    "contrastive": {**SMALL, "head_dim": 8, "wavelet_levels": 3, "text": {"kind": "characters", "dim": 8}},
}


@pytest.mark.slow
def test_two_processes_shape_a_latent_as_one_does(inputs, tmp_path):
    from_librosa("filters")  # takes seconds to import, here once
    # The critic starts without a say for what it reads: only quick steps bring its gradients above rounding.
    rate = CONFIG.autoencoder.training.learning_rate.model_dump() | {"warmup": 1}
    assert_same_learning(inputs, tmp_path, "autoencoder", shaping=SHAPING, learning_rate=rate)
    one, *others = (saved_state(tmp_path / name)["modules"]["generative_probe"]["sigma"] for name in RUNS)
    for other in others:
        torch.testing.assert_close(other, one, rtol=1e-6, atol=0)


@pytest.mark.slow
def test_micro_batches_that_do_not_divide_among_processes_are_one_line(inputs, tmp_path):
    run = train(inputs, "autoencoder", 2, tmp_path / "odd", accumulation=1)
    assert run.statuses == [1, 1]
    assert "error: training.accumulation: 1 micro-batches can't be shared by 2 processes" in run.said


def assert_resumes(inputs: Inputs, output: Path, straight: Path, **recipe) -> None:
    """Goes on with a training of two processes one of which died, and compares it with one that never stopped."""
    saved = torch.load(output / "checkpoints" / NAME, weights_only=True)["step"]
    assert 0 < saved < recipe["steps"]
    again = train(inputs, "generator", 2, output, **recipe)
    assert "starting from step 0" not in again.said and " 0%|" not in again.said
    whole = weights(train(inputs, "generator", 2, straight, **recipe), straight)
    assert all(torch.equal(each, whole[name]) for name, each in weights(again, output).items())


@pytest.mark.slow
def test_a_dead_worker_ends_the_job_and_a_rerun_resumes(inputs, tmp_path):
    recipe = {"steps": 24, "checkpoint_every": 3, "sharded": True}  # enough to be killed before they are done
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    words = [*launch, "-m", "shared.training.generator", *options(inputs, "generator", tmp_path / "dead", **recipe)]
    job = subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / "dead/checkpoints" / NAME
    deadline = time.monotonic() + 600
    while not checkpoint.exists() and job.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    workers = psutil.Process(job.pid).children()
    assert len(workers) == 2
    workers[1].kill()
    assert job.wait(timeout=120) != 0
    assert_resumes(inputs, tmp_path / "dead", tmp_path / "straight", **recipe)


@pytest.mark.slow
def test_replicas_one_of_which_died_resume(inputs, tmp_path):
    recipe = {"steps": 4, "checkpoint_every": 2}
    first, second = start(inputs, "generator", 2, tmp_path / "dead", dies=3, **recipe)
    assert end_of(second) == -signal.SIGKILL
    first.terminate()  # as `torch.distributed.run` does
    assert end_of(first) != 0
    assert_resumes(inputs, tmp_path / "dead", tmp_path / "straight", **recipe)
