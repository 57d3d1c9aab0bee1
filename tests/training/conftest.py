"""What trainings of generators start from, without an autoencoder that is trained first."""

import math
from pathlib import Path

import pytest
import torch

from shared.autoencoders.latents import save_latents
from shared.corpora.manifest import load_manifest


@pytest.fixture(scope="session")
def latents(corpus, tmp_path_factory) -> Path:
    """Latents of the corpus' training clips, drawn at random."""
    path, drawn = tmp_path_factory.mktemp("latents") / "latents.safetensors", torch.Generator().manual_seed(0)
    manifest = load_manifest(corpus)
    lengths = [round(clip.seconds * manifest.sample_rate) for clip in manifest.split("train")]
    frames = [math.ceil(length / 1024) for length in lengths]
    save_latents(path, [(torch.randn(n, 4, generator=drawn), torch.full((n, 4), 0.1)) for n in frames], 1024)
    return path
