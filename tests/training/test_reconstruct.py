"""Reconstruction of the test clips, and the rate that it notes of each."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.corpora.manifest import Clip, load_clip, load_manifest, store_audio, write_manifest
from shared.files import write_json
from shared.training.reconstruct import ReconstructSpec, reconstruct

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


def test_a_reconstruction_is_as_long_as_its_clip_and_notes_its_rate(corpus, tmp_path):
    config = AutoencoderConfig.model_validate({
        "architecture": {"family": "spectral", "n_fft": 100, "stft_hop": 50, "downsample": 4, "width": 8, "depth": 1,
                         "latent_width": 8, "latent_depth": 1},
        "bottleneck": {"dim": 4, "initial_std": 0.1},
    })
    torch.manual_seed(0)
    autoencoder = build_autoencoder(config)
    save_file(autoencoder.state_dict(), tmp_path / "model.safetensors")
    write_json(tmp_path / "model.json", {"config": config.model_dump(mode="json")})
    spec = ReconstructSpec(corpus={}, autoencoder={}, clips=2, seed=0)
    made = list(reconstruct(spec, corpus, tmp_path / "model.safetensors"))
    assert [clip.reference for clip, _ in made] == ["1", "2"]
    targets = {clip.id: clip for clip in load_manifest(corpus).clips}
    for clip, audio in made:
        original = load_clip(corpus, targets[clip.id])
        assert audio.shape == original.shape
        posterior = autoencoder.encode(torch.from_numpy(original)[None])
        assert clip.kl == pytest.approx(posterior.kl().mean().item(), rel=1e-5) and clip.kl > 1
        assert clip.kbps == pytest.approx(RATE / HOP * clip.kl / np.log(2) / 1000)
