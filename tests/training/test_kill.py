"""SIGKILL at random moments: a resumed training ends with the very bytes of one that never stopped."""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from accelerate.state import AcceleratorState

from shared.corpora.build import build_corpus
from shared.corpora.config import parse_corpus
from shared.corpora.corpus import Corpus
from shared.job import set_threads
from shared.training.autoencoder import AutoencoderSpec, train_autoencoder
from shared.training.checkpoint import NAME
from shared.training.encode import encode_corpus
from shared.training.generator import GeneratorSpec, train_generator
from tests.sources import SOURCES

CONFIG = SOURCES["longcat"].resolve("dim64", "smoke")
KILLS = 5


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "manifest.json"
    spec = {"kind": "speech", "sample_rate": 16000, "grammar": "tiny", "voices": 2, "held_out_voices": 1,
            "utterances": 40, "validation": 4, "test": 8, "seed": 0}
    build_corpus(parse_corpus(spec, "test"), path)
    return path


@pytest.fixture(scope="module")
def latents(corpus, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("latents")
    train(train_one_autoencoder, corpus, folder)
    encode_corpus(Corpus(corpus), folder / "model.safetensors", folder / "latents.safetensors")
    return folder / "latents.safetensors"


def often(training):
    """A training with checkpoints often enough that kills fall between them."""
    return training.model_copy(update={"steps": 12, "checkpoint_every": 2})


def train_one_autoencoder(corpus: Path, folder: Path) -> None:
    recipe = CONFIG.autoencoder.model_copy(update={"training": often(CONFIG.autoencoder.training)})
    recipe = recipe.model_copy(update={"adversary": recipe.adversary.model_copy(update={"start": 6})})
    spec = AutoencoderSpec(corpora=[{}], autoencoder=recipe, seed=0)
    train_autoencoder(spec, [corpus], None, folder / "checkpoints", "", folder / "model.safetensors")


def train_one_generator(corpus: Path, folder: Path, latents: Path) -> None:
    recipe = CONFIG.generator.model_copy(update={"training": often(CONFIG.generator.training)})
    spec = GeneratorSpec(corpus={}, autoencoder={}, generator=recipe, seed=0)
    train_generator(spec, corpus, latents, folder / "checkpoints", "", folder / "model.safetensors")


def train(run, *arguments, kill_after: float | None = None) -> bool:
    """Run a training in a child process; returns whether it finished. A fork saves the seconds of the imports."""
    child = os.fork()
    if child == 0:
        set_threads(1)
        AcceleratorState._reset_state(reset_partial_state=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        run(*arguments)
        os._exit(0)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert kill_after is not None or status == 0
    return status == 0


@pytest.mark.slow
@pytest.mark.parametrize("run", [train_one_autoencoder, train_one_generator], ids=["autoencoder", "generator"])
def test_five_kills_leave_no_trace(run, corpus, latents, tmp_path):
    more = (latents,) if run is train_one_generator else ()
    start = time.monotonic()
    train(run, corpus, tmp_path / "straight", *more)
    whole = time.monotonic() - start
    moments = random.Random(1)
    killed = [
        not train(run, corpus, tmp_path / "killed", *more, kill_after=whole * moments.uniform(0.4, 1.0))
        for _ in range(KILLS)
    ]
    assert any(killed) and (tmp_path / "killed" / "checkpoints" / NAME).exists(), "no kill fell between checkpoints"
    train(run, corpus, tmp_path / "killed", *more)
    straight, killed = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("straight", "killed"))
    assert straight == killed
