"""Snapshots and staged trainings: a run killed inside any stage leaves the bytes of one that never stopped."""

from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file

import shared.training.autoencoder as module
from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, store_audio, write_manifest
from shared.training.autoencoder import AutoencoderSpec, AutoencoderStep, train_autoencoder
from shared.training.checkpoint import NAME
from shared.training.recipes import KEPT
from shared.training.snapshots import Snapshots, load_snapshots, read_kept
from tests.training.staged import DECODER, HOP, JOINT, RATE, build_noisy, make_step, recipe_of

OWN = {"peak": 5e-4, "final": 1e-4, "warmup": 2}
ROUTED = {"steps": 4, "losses": ["reconstruction", "kl", "adversarial", "features"],
          "kept_off_encoder": ["adversarial"], "learning_rate": OWN}  # fmt: skip
STAGES = (JOINT, ROUTED, DECODER)


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    noise = np.random.default_rng(0).normal(size=3000).astype(np.float32) / 10
    clips = []
    for name, length in (("train0", 3000), ("train1", 2500), ("validation0", 2000), ("validation1", 1500)):
        file = store_audio(folder, name, noise[-length:], RATE)
        clips.append(Clip(id=name, text="", speaker=None, split=name[:-1], seen_speaker=True, **file))
    write_manifest(folder / "manifest.json", RATE, clips, [])
    return folder / "manifest.json"


def train(corpus: Path, folder: Path, snapshots: dict | None = None, **training) -> dict[str, bytes]:
    """Train in three stages; what lies in the folder in the end, but logs and checkpoint."""
    AcceleratorState._reset_state(reset_partial_state=True)
    recipe = recipe_of(*STAGES, snapshots=snapshots, training={"checkpoint_every": 3, **training})
    spec = AutoencoderSpec(corpora=[{}], autoencoder=recipe, seed=0)
    train_autoencoder(spec, [corpus], None, folder / "checkpoints", "", folder / "model.safetensors")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.safetensors"))}


@pytest.mark.parametrize("training", [{}, {"ema": 0.9, "accumulation": 2, "gradient_clip": 1.0}], ids=["plain", "ema"])
def test_a_run_killed_in_each_stage_and_at_their_borders_ends_bit_identical(corpus, tmp_path, monkeypatch, training):
    monkeypatch.setattr(module, "build_autoencoder", build_noisy)
    straight = train(corpus, tmp_path / "straight", {"every": 2}, **training)
    whole = AutoencoderStep.__call__
    for stop in (2, 4, 7, 8, 10):  # inside each stage, and as the second and the third begin

        def stopped(self, index, stop=stop):
            if index == stop:
                raise Killed
            return whole(self, index)

        monkeypatch.setattr(AutoencoderStep, "__call__", stopped)
        with pytest.raises(Killed):
            train(corpus, tmp_path / "killed", {"every": 2}, **training)
    monkeypatch.setattr(AutoencoderStep, "__call__", whole)
    assert train(corpus, tmp_path / "killed", {"every": 2}, **training) == straight
    assert len(straight) == 8


def test_a_run_whose_newest_checkpoint_was_damaged_writes_its_snapshots_again(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "build_autoencoder", build_noisy)
    straight = train(corpus, tmp_path / "straight", {"every": 2})
    checkpoints, whole = tmp_path / "damaged/checkpoints", AutoencoderStep.__call__

    def stopped(self, index):
        if index == 10:
            raise Killed
        return whole(self, index)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(AutoencoderStep, "__call__", stopped)
        train(corpus, tmp_path / "damaged", {"every": 2})
    # The checkpoints are of steps 9 and 6, and the snapshot of step 8 is damaged, too.
    for path in (checkpoints / NAME, checkpoints / "snapshots/step_00000008.safetensors"):
        path.write_bytes(path.read_bytes()[:-9])
    assert train(corpus, tmp_path / "damaged", {"every": 2}) == straight


def test_snapshots_hold_what_the_encoder_of_that_step_makes_and_change_nothing(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "build_autoencoder", build_noisy)
    without, with_them = train(corpus, tmp_path / "without"), train(corpus, tmp_path / "with", {"every": 3})
    assert without["model.safetensors"] == with_them["model.safetensors"]
    snapshots = load_snapshots(tmp_path / "with/checkpoints")
    assert list(snapshots) == [3, 6, 9, 12] == list(read_kept(tmp_path / "with" / KEPT))
    assert KEPT in with_them and KEPT not in without
    autoencoder = build_noisy(recipe_of(*STAGES))
    autoencoder.load_state_dict(load_file(tmp_path / "with/model.safetensors"))
    clips = module.load_split([Corpus(corpus)], "validation")
    last = snapshots[12]
    assert last.offsets.tolist() == [0, *np.cumsum([-(-len(clip) // HOP) for clip in clips])]
    with torch.no_grad():
        posterior = autoencoder.eval().encode(torch.from_numpy(clips[1])[None, None])
    torch.testing.assert_close(last.mean[last.offsets[1] :], posterior.mean[0].T)
    torch.testing.assert_close(last.std[last.offsets[1] :], posterior.std[0].T)
    assert len(module.load_split([Corpus(corpus)], "validation", 1)) == 1
    # The encoder is frozen from step 8 on.
    assert torch.equal(snapshots[9].mean, last.mean) and not torch.equal(snapshots[6].mean, last.mean)


def test_a_snapshot_leaves_each_modules_mode_as_it_was(tmp_path):
    step = make_step(recipe_of(JOINT, DECODER))
    snapshots = Snapshots(2, step.autoencoder, [np.zeros(100, dtype=np.float32)], tmp_path)
    for index, trains in ((0, True), (4, False)):
        step(index)
        snapshots(2)
        assert step.autoencoder.encoder.training == trains and step.autoencoder.decoder.training


def test_snapshots_need_clips_and_reading_needs_snapshots(tmp_path):
    with pytest.raises(ConfigError, match="the corpora have no validation clips"):
        Snapshots(2, build_noisy(recipe_of(JOINT)), [], tmp_path)
    with pytest.raises(FileNotFoundError, match="no snapshots; train with"):
        load_snapshots(tmp_path)


def test_snapshots_of_shards_are_refused():
    with pytest.raises(ValueError, match=r"encoded by one process; set training\.sharded: false"):
        recipe_of(JOINT, snapshots={"every": 2}, training={"sharded": True})


def test_snapshots_that_would_never_be_taken_are_refused():
    with pytest.raises(ValueError, match=r"snapshots\.every is 5 and training\.steps 4: there would be none"):
        recipe_of(JOINT, snapshots={"every": 5})
