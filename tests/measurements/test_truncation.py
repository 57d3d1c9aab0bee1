"""The job that cuts latents short, on an untrained autoencoder."""

import csv
import json

import numpy as np
import pytest
import torch

from shared.autoencoders.builder import load_autoencoder
from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import load_manifest, write_manifest
from shared.device import batch_of
from shared.losses.spectral_distance import SpectralDistance
from shared.losses.spectral_distance_config import SpectralDistanceConfig
from shared.measurements.jobs.effective_dims import PrincipalAxes, effective_dims, principal_axes
from shared.measurements.jobs.truncation import axes_of, compare, decode_truncated, kept_dims
from shared.metrics.mel_distance import mel_distance
from shared.sampling.reconstruct import ReconstructSpec, reconstruct
from tests.measurements.by_clip import DIM, RATE, STEREO, run, write_corpus, write_weights


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path)


@pytest.fixture
def weights(tmp_path):
    return write_weights(tmp_path)


def test_with_all_dimensions_it_is_the_reconstruction_that_is_scored(corpus, weights, monkeypatch):
    output = run("truncation", corpus, weights, monkeypatch)
    rows = list(csv.DictReader(output.read_text().splitlines()))
    spec = ReconstructSpec(corpus={}, autoencoder={}, clips=3, seed=0)
    targets = {clip.id: clip for clip in load_manifest(corpus).clips}
    for row, (clip, audio) in zip(rows[:2], reconstruct(spec, Corpus(corpus), weights), strict=False):
        target = Corpus(corpus).audio(targets[clip.id])
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
    assert run("truncation", corpus, weights, monkeypatch).read_bytes() == written


def test_the_axes_are_of_the_validation_clips_and_keep_what_a_fidelity_asks_for(corpus, weights):
    autoencoder = load_autoencoder(weights)
    axes = axes_of(autoencoder, [Corpus(corpus)])
    clips = [Corpus(corpus).audio(clip) for clip in load_manifest(corpus).split("validation")]
    means = torch.cat([autoencoder.encode(batch_of(clip)).mean[0].T for clip in clips])
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
    audio = Corpus(corpus).audio(load_manifest(corpus).split("test")[0])
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
        run("truncation", corpus, weights, monkeypatch)


def test_of_stereo_it_is_the_mean_over_channels(tmp_path, monkeypatch):
    corpus = write_corpus(tmp_path, channels=2)
    rows = list(csv.DictReader(run("truncation", corpus, write_weights(tmp_path, STEREO), monkeypatch).open()))
    clip = Corpus(corpus).audio(load_manifest(corpus).split("test")[0])
    spec = ReconstructSpec(corpus={}, autoencoder={}, clips=1, seed=0)
    ((_, audio),) = reconstruct(spec, Corpus(corpus), tmp_path / "model.safetensors")
    left, right = (mel_distance(clip[channel], audio[channel], RATE) for channel in (0, 1))
    assert float(rows[0]["mel100"]) == pytest.approx((left + right) / 2, rel=1e-4) and left != right
