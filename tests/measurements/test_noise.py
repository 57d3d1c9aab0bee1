"""The job that puts noise into latents, on an untrained autoencoder."""

import csv
import json

import numpy as np
import pytest
import torch

from shared.autoencoders.builder import load_autoencoder
from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import load_manifest, write_manifest
from shared.device import batch_of, clip_of
from shared.measurements.jobs import noise
from shared.measurements.jobs.noise import compare, decode_noisy
from shared.measurements.noise import LEVELS, Noise
from shared.metrics.failure import NotMeasured
from shared.metrics.lsd import log_spectral_distance
from shared.metrics.mel_distance import mel_distance
from shared.metrics.pesq import wideband_pesq
from tests.measurements.by_clip import DIM, RATE, STEREO, run, write_corpus, write_weights

AUDIO = np.random.default_rng(0).normal(size=4000).astype(np.float32)


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path, speaker="s")


def rows_of(output):
    return list(csv.DictReader(output.read_text().splitlines()))


def heard(autoencoder, seed=3, std=2.0):
    """By level the latent that the decoder gets, and the posterior mean."""
    autoencoder.decoder = torch.nn.Identity()
    mean = autoencoder.encode(batch_of(AUDIO)).mean[0].detach().numpy()
    return decode_noisy(autoencoder, AUDIO, std, seed), mean


def test_without_noise_it_is_the_reconstruction_from_the_mean(corpus, tmp_path, monkeypatch):
    weights = write_weights(tmp_path)
    output = run("noise", corpus, weights, monkeypatch)
    first, _, short = rows_of(output)
    autoencoder = load_autoencoder(weights)
    manifest = load_manifest(corpus)
    clip = Corpus(corpus).audio(manifest.split("test")[0])
    with torch.inference_mode():
        plain = clip_of(autoencoder(batch_of(clip), sample=False)[0])
        means = [autoencoder.encode(batch_of(Corpus(corpus).audio(each))).mean.numpy().ravel()
                 for each in manifest.split("validation")]  # fmt: skip
    for name, metric in (("lsd", log_spectral_distance), ("mel", mel_distance), ("pesq", wideband_pesq)):
        assert float(first[f"noise_{name}0"]) == pytest.approx(metric(clip, plain, RATE), rel=1e-4)
        assert first[f"noise_{name}0"] != first[f"noise_{name}80"]
    assert set(first) == {"id", "reason", *Noise.columns} and first["reason"] == ""
    assert short["noise_lsd0"] == "" and "noise_lsd0: 500 samples are too few" in short["reason"]
    made = json.loads(output.with_suffix(".json").read_text())
    assert made["latent_std"] == pytest.approx(np.concatenate(means).std(), rel=1e-5)
    assert (made["n"], made["n_failed"], made["levels"]) == (2, 1, [0, 5, 10, 20, 40, 80])
    written = output.read_bytes()
    assert run("noise", corpus, weights, monkeypatch).read_bytes() == written


def test_the_draw_is_the_same_at_each_level_and_for_each_autoencoder(tmp_path):
    weights = write_weights(tmp_path)
    made, mean = heard(load_autoencoder(weights))
    noise = (made[80] - mean) / (0.8 * 2.0)
    assert np.array_equal(made[0], mean) and noise.std() == pytest.approx(1, abs=0.2)
    for level in LEVELS:
        np.testing.assert_allclose(made[level], mean + level / 100 * 2.0 * noise, atol=1e-5)
    other = load_autoencoder(weights)
    with torch.no_grad():
        for each in other.encoder.parameters():
            each.add_(0.3)
    again, another_mean = heard(other)
    assert not np.allclose(mean, another_mean)
    np.testing.assert_allclose(again[80] - another_mean, made[80] - mean, atol=1e-5)
    assert not np.allclose(heard(load_autoencoder(weights), seed=4)[0][80], made[80])


def test_the_bottlenecks_own_noise_is_the_same_at_each_level_and_another_than_what_is_studied(tmp_path):
    autoencoder = load_autoencoder(write_weights(tmp_path, bottleneck={"kind": "soft_norm", "dim": DIM, "noise": 0.5}))
    made, mean = heard(autoencoder)
    own, studied = (made[0] - mean).ravel(), (made[80] - made[0]).ravel()
    assert own.std() == pytest.approx(0.5, abs=0.1)
    np.testing.assert_allclose(made[40] - made[0], (made[80] - made[0]) / 2, atol=1e-5)
    assert abs(np.corrcoef(own, studied)[0, 1]) < 0.4


def test_a_decoder_that_does_not_listen_stays(tmp_path, corpus):
    autoencoder = load_autoencoder(write_weights(tmp_path))
    autoencoder.decode = lambda latents: batch_of(AUDIO)
    made = decode_noisy(autoencoder, AUDIO, 1.0, seed=0)
    row = compare(load_manifest(corpus).split("test")[0], AUDIO, made, RATE)
    for name in ("lsd", "mel", "pesq"):
        assert len({row[f"noise_{name}{level}"] for level in LEVELS}) == 1
    assert row["noise_lsd80"] == 0 and row["noise_pesq80"] > 4


def test_pesq_is_of_mono_speech_at_its_rates_and_its_failure_costs_nothing_else(tmp_path, corpus, monkeypatch):
    clip = load_manifest(corpus).split("test")[0]
    made = dict.fromkeys(LEVELS, AUDIO)
    music = compare(clip.model_copy(update={"speaker": None}), AUDIO, made, RATE)
    assert music["reason"] == "noise_pesq: of speech alone" and music["noise_mel80"] == 0
    assert not any("pesq" in name for name in music)
    assert compare(clip, AUDIO, made, 24_000)["reason"].startswith("noise_pesq: of 8 or 16 kHz alone")

    def fails_once(reference, audio, rate):
        if audio is not AUDIO and not np.array_equal(audio, AUDIO):
            raise NotMeasured("nobody speaks")
        return 4.5

    monkeypatch.setitem(noise.METRICS, "pesq", fails_once)
    row = compare(clip, AUDIO, made | {40: 2 * AUDIO}, RATE)
    assert row["reason"] == "noise_pesq40: nobody speaks" and "noise_pesq40" not in row
    assert set(row) == {"reason", *Noise.columns} - {"noise_pesq40"} and row["noise_pesq80"] == 4.5


def test_of_stereo_it_is_the_mean_over_channels(tmp_path, monkeypatch):
    corpus = write_corpus(tmp_path, speaker="s", channels=2)
    row = rows_of(run("noise", corpus, write_weights(tmp_path, STEREO), monkeypatch))[0]
    autoencoder = load_autoencoder(tmp_path / "model.safetensors")
    clip = Corpus(corpus).audio(load_manifest(corpus).split("test")[0])
    with torch.inference_mode():
        plain = clip_of(autoencoder(batch_of(clip), sample=False)[0])
    left, right = (log_spectral_distance(clip[channel], plain[channel], RATE) for channel in (0, 1))
    assert float(row["noise_lsd0"]) == pytest.approx((left + right) / 2, rel=1e-4) and left != right
    assert row["noise_pesq0"] == "" and row["reason"] == "noise_pesq: of one channel alone"


def test_without_validation_clips_it_says_what_to_do(tmp_path, corpus, monkeypatch):
    clips = [clip for clip in load_manifest(corpus).clips if clip.split != "validation"]
    write_manifest(corpus, RATE, clips, rejected=[])
    with pytest.raises(ConfigError, match="noise: the autoencoder's corpora have no validation clips"):
        run("noise", corpus, write_weights(tmp_path), monkeypatch)
