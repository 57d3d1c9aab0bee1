"""The example runs on what the tests train: a pair in run folders as a plan names them."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from shared.autoencoders.adapters.config import AdapterConfig
from shared.config import ConfigError, parse
from shared.corpora.corpus import Corpus
from shared.plan.plan import Plan
from shared.sampling.pair import Pair
from tests.generators.next_token_models import SEMAVOICE, make_generator
from tests.sampling.test_samples import HOP, RATE, make_sampler
from tests.sources import SOURCES

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def plan():
    return Plan(SOURCES, "smoke", [0])


@pytest.fixture
def pair(tmp_path):
    """An infilling generator and its autoencoder, saved as their jobs save them."""
    sampler = make_sampler(tmp_path, "s")
    return Pair.from_pretrained(tmp_path / "autoencoder", tmp_path / "generator"), sampler.corpus


def test_a_pair_speaks_in_the_voice_of_a_prompt_as_long_as_the_text_takes(pair):
    speaker, corpus = pair
    assert isinstance(corpus, Corpus) and speaker.sample_rate == RATE
    recording = corpus.audio(corpus.manifest.clips[0])
    spoken = speaker.say("abab", prompt=recording, prompt_text="ab")
    assert spoken.dtype == np.float32 and len(spoken) == pytest.approx(2 * len(recording), abs=HOP)
    np.testing.assert_array_equal(spoken, speaker.say("abab", prompt=recording, prompt_text="ab"))
    other = speaker.say("abab", prompt=recording, prompt_text="ab", seed=1)
    assert np.abs(spoken - other).max() > 1e-3


def test_a_caption_needs_a_length(pair):
    speaker, _ = pair
    assert len(speaker.say("ab", seconds=0.5)) == pytest.approx(0.5 * RATE, abs=HOP)
    with pytest.raises(ValueError, match="how many seconds"):
        speaker.say("ab")


def test_a_next_token_generator_ends_by_itself_or_is_cut_off(tmp_path):
    from shared.sampling.next_token_config import NextTokenSolverConfig

    solver = NextTokenSolverConfig(kind="next_token", evaluations=2)
    make_sampler(tmp_path, "s", make_generator(SEMAVOICE), SEMAVOICE, solver)
    speaker = Pair.from_pretrained(tmp_path / "autoencoder", tmp_path / "generator")
    spoken = speaker.say("ab", seconds=0.3, solver=solver)
    assert 0 < len(spoken) <= 0.6 * RATE + 2 * HOP


def test_the_example_speaks_or_says_what_is_missing(plan, tmp_path, monkeypatch):
    job = plan.samples_of("longcat", "dim64", 0)
    made = make_sampler(tmp_path / "made", "s").corpus.path.parent
    monkeypatch.chdir(tmp_path)
    (tmp_path / "replications").mkdir()
    for name in ("longcat", "base.yaml"):
        (tmp_path / "replications" / name).symlink_to(ROOT / "replications" / name)
    monkeypatch.setattr(sys, "argv", ["speak.py", "longcat", "dim64", "ab", "--scale", "smoke"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / "examples/speak.py"), run_name="__main__")
    for kind, name in (("autoencoder", "autoencoder"), ("generator", "generator"), ("corpus", ".")):
        folder = Path(job.inputs[kind]).parent
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(made / name)
    runpy.run_path(str(ROOT / "examples/speak.py"), run_name="__main__")
    audio, rate = soundfile.read(tmp_path / "spoken.wav")
    assert rate == RATE and len(audio) > 0


@pytest.mark.parametrize(("asked", "message"), [
    (("longct", "dim64", 0), "no source 'longct'; did you mean 'longcat'"),
    (("longcat", "dim63", 0), "no variant 'dim63'; did you mean 'dim64'"),
    (("latent", "plain", 0), "latent plain: nothing is generated"),
    (("longcat", "dim64", 7), "with seed 7"),
])  # fmt: skip
def test_what_was_not_trained_is_named(plan, asked, message):
    with pytest.raises(ConfigError, match=message):
        plan.samples_of(*asked)


def test_the_blocks_reconstruct_what_they_are_given():
    path = str(ROOT / "examples/dct_blocks.py")
    said = {"kind": "file", "model": path, "sample_rate": 16000, "hop": 1024, "dim": 1024}
    blocks = parse(AdapterConfig.of_kind("file"), said, "blocks").build().autoencoder(1).eval()
    audio = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 1, 2500)).astype(np.float32))
    latents = blocks.encode(audio).mean
    assert latents.shape == (2, 1024, 3)
    torch.testing.assert_close(blocks.decode(latents)[..., :2500], audio, rtol=0, atol=1e-5)
    torch.testing.assert_close(latents.square().sum(), audio.square().sum())
