"""A small corpus, an untrained autoencoder, and a run of a job that measures its latent by clip."""

import importlib
import sys

import numpy as np
import torch
from safetensors.torch import save_file

from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.corpora.manifest import Clip, store_audio, write_manifest
from shared.files import write_json
from shared.measurements.base import find_measurement

RATE, DIM = 8000, 4
SPLITS = ("train", "validation", "validation", "test", "test", "test")
SPECTRAL = {"family": "spectral", "n_fft": 100, "stft_hop": 50, "downsample": 4, "width": 8, "depth": 1,
            "latent_width": 8, "latent_depth": 1}  # fmt: skip
STEREO = {"family": "oobleck", "audio_channels": 2, "channels": 4, "multipliers": [1, 2], "strides": [8, 16]}


def write_corpus(folder, speaker=None, channels=1):
    """Two validation and three test clips of noise that comes and goes; the last is too short for long windows."""
    rng = np.random.default_rng(0)
    clips = []
    for index, split in enumerate(SPLITS):
        length = 500 if index == 5 else 5000
        swell = 0.1 * np.sin(np.arange(length) / 400) ** 2
        audio = (swell * rng.normal(size=(channels, length))).astype(np.float32)
        stored = store_audio(folder, f"{index}", audio[0] if channels == 1 else audio, RATE)
        clips.append(Clip(id=f"{index}", text=f"{index}", speaker=speaker, split=split, seen_speaker=True, **stored))
    write_manifest(folder / "manifest.json", RATE, clips, rejected=[], channels=channels)
    return folder / "manifest.json"


def write_weights(folder, architecture=SPECTRAL, bottleneck=None):
    bottleneck = bottleneck or {"dim": DIM, "initial_std": 0.1}
    config = AutoencoderConfig.model_validate({"architecture": architecture, "bottleneck": bottleneck})
    torch.manual_seed(0)
    save_file(build_autoencoder(config).state_dict(), folder / "model.safetensors")
    about = {"config": config.model_dump(mode="json"), "sample_rate": RATE, "hop": config.architecture.hop}
    write_json(folder / "model.json", about)
    return folder / "model.safetensors"


def run(kind, corpus, weights, monkeypatch):
    """Path of the CSV that the job of this kind writes."""
    folder = corpus.parent
    write_json(folder / "spec.json", {"corpus": {}, "autoencoder": {}, "clips": 3, "seed": 0})
    output = folder / f"made/{kind}.csv"
    arguments = ["--spec", folder / "spec.json", "--corpus", corpus, "--corpora", corpus, "--autoencoder", weights]
    monkeypatch.setattr(sys, "argv", [f"measure_{kind}", *map(str, arguments), "--output", str(output)])
    importlib.import_module(find_measurement(kind).module).main()
    return output
