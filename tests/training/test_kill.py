"""Killed at random moments: a resumed training ends with the very bytes of one that never stopped."""

import os
import random
import signal
from pathlib import Path

import pytest
import torch._dynamo  # noqa: F401 - as trainings do on their way: here once, for all that are forked
from accelerate.state import AcceleratorState

from shared.job import set_threads
from shared.training.autoencoder import AutoencoderSpec, train_autoencoder
from shared.training.checkpoint import NAME
from shared.training.generator import GeneratorSpec, train_generator
from tests.sources import SOURCES
from tests.training.staged import RECIPE

GENERATOR = SOURCES["longcat"].resolve("dim64", "smoke").generator.model_dump(mode="json")
OFTEN = {"steps": 12, "checkpoint_every": 2, "batch": 4}  # checkpoints often enough that kills fall between them
KILLS = 5


def train_one_autoencoder(corpus: Path, folder: Path) -> None:
    recipe = {**RECIPE, "training": RECIPE["training"] | OFTEN, "adversary": {**RECIPE["adversary"], "start": 6}}
    spec = AutoencoderSpec(corpora=[{}], autoencoder=recipe, seed=0)
    train_autoencoder(spec, [corpus], None, folder / "checkpoints", "", folder / "model.safetensors")


def train_one_generator(corpus: Path, folder: Path, latents: Path) -> None:
    recipe = {**GENERATOR, "training": GENERATOR["training"] | OFTEN}
    spec = GeneratorSpec(corpus={}, autoencoder={}, generator=recipe, seed=0)
    train_generator(spec, corpus, latents, folder / "checkpoints", "", folder / "model.safetensors")


def train(run, *arguments, kill_after: float | None = None) -> float | None:
    """Run a training in a child process; returns the seconds of CPU time it took, or None if it was killed.

    It is killed by the system, and after so much CPU time: of the clock's, a busy machine makes any number. A fork
    saves the seconds of the imports.
    """
    child = os.fork()
    if child == 0:
        set_threads(1)
        AcceleratorState._reset_state(reset_partial_state=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        if kill_after is not None:
            signal.setitimer(signal.ITIMER_PROF, kill_after)
        run(*arguments)
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    killed = os.waitstatus_to_exitcode(status) == -signal.SIGPROF
    assert status == 0 or (killed and kill_after is not None)
    return None if killed else used.ru_utime + used.ru_stime


@pytest.mark.slow
@pytest.mark.parametrize("run", [train_one_autoencoder, train_one_generator], ids=["autoencoder", "generator"])
def test_five_kills_leave_no_trace(run, corpus, latents, tmp_path):
    more = (latents,) if run is train_one_generator else ()
    whole = train(run, corpus, tmp_path / "straight", *more)
    moments = random.Random(1)
    killed = [
        train(run, corpus, tmp_path / "killed", *more, kill_after=whole * moments.uniform(0.4, 1.0)) is None
        for _ in range(KILLS)
    ]
    assert any(killed) and (tmp_path / "killed" / "checkpoints" / NAME).exists(), "no kill fell between checkpoints"
    train(run, corpus, tmp_path / "killed", *more)
    straight, killed = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("straight", "killed"))
    assert straight == killed
