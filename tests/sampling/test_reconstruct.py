"""Reconstruction of the test clips, and the rate that it notes of each."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from shared.autoencoders.base import Autoencoder
from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, load_manifest, store_audio, write_manifest
from shared.device import batch_of
from shared.files import write_json
from shared.sampling.reconstruct import ReconstructSpec, reconstruct

RATE, HOP = 8000, 200


@pytest.fixture
def corpus(tmp_path):
    rng = np.random.default_rng(0)
    clips = []
    for index, split in enumerate(("train", "test", "test")):
        stored = store_audio(tmp_path, f"{index}", 0.1 * rng.normal(size=3000).astype(np.float32), RATE)
        clips.append(
            Clip(id=f"{index}", text=f"word {index}", speaker="ann", split=split, seen_speaker=True, **stored)
        )
    write_manifest(tmp_path / "manifest.json", RATE, clips, rejected=[])
    return tmp_path / "manifest.json"


def save_autoencoder(folder: Path, bottleneck: dict) -> Autoencoder:
    config = AutoencoderConfig.model_validate({
        "architecture": {"family": "spectral", "n_fft": 100, "stft_hop": 50, "downsample": 4, "width": 8, "depth": 1,
                         "latent_width": 8, "latent_depth": 1},
        "bottleneck": bottleneck,
    })
    torch.manual_seed(0)
    autoencoder = build_autoencoder(config)
    save_file(autoencoder.state_dict(), folder / "model.safetensors")
    about = {"config": config.model_dump(mode="json"), "sample_rate": RATE, "hop": config.architecture.hop}
    write_json(folder / "model.json", about)
    return autoencoder


SPEC = ReconstructSpec(corpus={}, autoencoder={}, clips=2, seed=0)
SIGMA = {"kind": "sigma", "dim": 4, "std": 0.5, "draw": "normal"}


@pytest.mark.parametrize("bottleneck", [{"dim": 4, "initial_std": 0.1}, SIGMA], ids=["gaussian", "sigma"])
def test_a_reconstruction_is_as_long_as_its_clip_and_notes_its_rate(corpus, tmp_path, bottleneck):
    autoencoder = save_autoencoder(tmp_path, bottleneck)
    made = list(reconstruct(SPEC, Corpus(corpus), tmp_path / "model.safetensors"))
    assert [clip.reference for clip, _ in made] == ["1", "2"]
    targets = {clip.id: clip for clip in load_manifest(corpus).clips}
    for clip, audio in made:
        original = Corpus(corpus).audio(targets[clip.id])
        assert audio.shape == original.shape
        posterior = autoencoder.encode(batch_of(original))
        assert clip.kl == pytest.approx(posterior.kl().mean().item(), rel=1e-5) and clip.kl > 1
        assert clip.kbps == pytest.approx(RATE / HOP * clip.kl / np.log(2) / 1000)


def test_a_latent_without_noise_has_no_rate(corpus, tmp_path):
    save_autoencoder(tmp_path, SIGMA | {"std": 0.0})
    made = list(reconstruct(SPEC, Corpus(corpus), tmp_path / "model.safetensors"))
    assert all(clip.kl is None and clip.kbps is None and np.isfinite(audio).all() for clip, audio in made)
