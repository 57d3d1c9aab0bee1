"""The job that cuts latents short, on an untrained autoencoder."""

import csv
import json
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from shared.autoencoders.builder import build_autoencoder, load_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.config import ConfigError
from shared.corpora.manifest import Clip, load_clip, load_manifest, store_audio, write_manifest
from shared.files import write_json
from shared.losses.config import SpectralDistanceConfig
from shared.losses.spectral_distance import SpectralDistance
from shared.metrics.compactness import PrincipalAxes, effective_dims, principal_axes
from shared.metrics.mel_distance import mel_distance
from shared.training import measure_truncation
from shared.training.measure_truncation import axes_of, compare, decode_truncated, kept_dims
from shared.training.reconstruct import ReconstructSpec, reconstruct

RATE, DIM = 8000, 4
ARCHITECTURE = {"family": "spectral", "n_fft": 100, "stft_hop": 50, "downsample": 4, "width": 8, "depth": 1,
                "latent_width": 8, "latent_depth": 1}  # fmt: skip


@pytest.fixture
def corpus(tmp_path):
    rng = np.random.default_rng(0)
    clips = []
    for index, split in enumerate(("train", "validation", "validation", "test", "test", "test")):
        length = 500 if index == 5 else 3000
        stored = store_audio(tmp_path, f"{index}", 0.1 * rng.normal(size=length).astype(np.float32), RATE)
        clips.append(Clip(id=f"{index}", text=f"{index}", speaker=None, split=split, seen_speaker=True, **stored))
    write_manifest(tmp_path / "manifest.json", RATE, clips, rejected=[])
    return tmp_path / "manifest.json"


@pytest.fixture
def weights(tmp_path):
    bottleneck = {"dim": DIM, "initial_std": 0.1}
    config = AutoencoderConfig.model_validate({"architecture": ARCHITECTURE, "bottleneck": bottleneck})
    torch.manual_seed(0)
    save_file(build_autoencoder(config).state_dict(), tmp_path / "model.safetensors")
    write_json(tmp_path / "model.json", {"config": config.model_dump(mode="json")})
    return tmp_path / "model.safetensors"


def run(corpus, weights, monkeypatch):
    folder = corpus.parent
    write_json(folder / "spec.json", {"corpus": {}, "autoencoder": {}, "clips": 3, "seed": 0})
    output = folder / "made/truncation.csv"
    arguments = ["--spec", folder / "spec.json", "--corpus", corpus, "--corpora", corpus, "--autoencoder", weights]
    monkeypatch.setattr(sys, "argv", ["measure_truncation", *map(str, arguments), "--output", str(output)])
    measure_truncation.main()
    return output


def test_with_all_dimensions_it_is_the_reconstruction_that_is_scored(corpus, weights, monkeypatch):
    output = run(corpus, weights, monkeypatch)
    rows = list(csv.DictReader(output.read_text().splitlines()))
    spec = ReconstructSpec(corpus={}, autoencoder={}, clips=3, seed=0)
    targets = {clip.id: clip for clip in load_manifest(corpus).clips}
    for row, (clip, audio) in zip(rows[:2], reconstruct(spec, corpus, weights), strict=False):
        target = load_clip(corpus, targets[clip.id])
        assert row["id"] == clip.id
        assert float(row["mel100"]) == pytest.approx(mel_distance(target, audio, RATE), rel=1e-4)
        pair = (torch.from_numpy(each)[None] for each in (audio, target))
        expected = SpectralDistance(SpectralDistanceConfig())(*pair).item()
        assert float(row["spectral100"]) == pytest.approx(expected, rel=1e-4)
    short = rows[2]
    assert short["spectral80"] == "" and "too few for a window" in short["reason"]
    made = json.loads(output.with_suffix(".json").read_text())
    assert (made["n"], made["n_failed"]) == (2, 1) and made["kept"]["100"] == DIM
    written = output.read_bytes()
    assert run(corpus, weights, monkeypatch).read_bytes() == written


def test_the_axes_are_of_the_validation_clips_and_keep_what_a_fidelity_asks_for(corpus, weights):
    autoencoder = load_autoencoder(weights)
    axes = axes_of(autoencoder, [corpus])
    clips = [load_clip(corpus, clip) for clip in load_manifest(corpus).split("validation")]
    means = torch.cat([autoencoder.encode(torch.from_numpy(clip)[None]).mean[0].T for clip in clips])
    torch.testing.assert_close(axes.singular_values, principal_axes(means).singular_values)
    kept = kept_dims(axes)
    assert kept[90] == effective_dims(axes.singular_values, 0.9) and kept[100] == DIM
    nothing = PrincipalAxes(axes.mean, axes.axes, torch.zeros(DIM))
    assert kept_dims(nothing) == dict.fromkeys((80, 85, 90, 95, 99), 0) | {100: DIM}


def test_the_less_is_kept_the_less_is_left_and_equal_numbers_sound_equal(corpus, weights):
    autoencoder = load_autoencoder(weights)
    # A decoder that hears the latent alone: its first channel, held for a hop.
    autoencoder.decoder = torch.nn.Upsample(scale_factor=autoencoder.hop)
    autoencoder.decode = lambda latents: autoencoder.decoder(latents)[:, 0]
    audio = load_clip(corpus, load_manifest(corpus).split("test")[0])
    axes = PrincipalAxes(torch.zeros(DIM), torch.eye(DIM).flip(0), torch.ones(DIM))
    made = decode_truncated(autoencoder, audio, axes, {80: 0, 90: 3, 99: 3, 100: 4}, seed=3)
    # The first channel is the last of the axes, and noise until all four are kept.
    assert np.array_equal(made[90], made[99]) and not np.allclose(made[99], made[100])
    np.testing.assert_allclose(made[80], made[90], atol=1e-6)
    assert all(len(each) == len(audio) for each in made.values())


def test_the_same_signal_is_at_no_distance():
    audio = np.random.default_rng(0).normal(size=4000).astype(np.float32)
    row = compare(audio, {80: audio + 0.5, 100: audio.copy()}, RATE)
    assert row["spectral100"] == pytest.approx(0, abs=1e-6) and row["mel100"] == pytest.approx(0, abs=1e-6)
    assert row["spectral80"] > 0 and row["mel80"] > 0


def test_without_validation_clips_it_says_what_to_do(corpus, weights, monkeypatch):
    manifest = load_manifest(corpus)
    write_manifest(corpus, RATE, [clip for clip in manifest.clips if clip.split != "validation"], rejected=[])
    with pytest.raises(ConfigError, match="no validation clips; give one of them some"):
        run(corpus, weights, monkeypatch)
