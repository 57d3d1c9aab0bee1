"""The job that probes latents: on an untrained autoencoder, and on made-up latents that hold all or nothing."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, load_manifest, store_audio, write_manifest
from shared.measurements.jobs import linear_probe
from shared.measurements.jobs.linear_probe import ProbedLatents, Targets
from tests.measurements.by_clip import RATE, STEREO, run, write_corpus, write_weights

HOP = 128


def write_tones(folder, channels):
    """Two seconds of notes of random pitch, each somewhere between left and right."""
    rng = np.random.default_rng(0)
    clips = []
    for index in range(14):
        split = "train" if index < 10 else "test"
        pitch, place, loudness = (np.repeat(rng.uniform(size=20), RATE // 10) for _ in range(3))
        tone = (0.1 + loudness) * np.sin(2 * np.pi * np.cumsum(200 * 4**pitch) / RATE)
        tone = 0.2 * tone + 0.01 * rng.normal(size=tone.size)
        audio = np.stack([place * tone, (1 - place) * tone])[:channels].astype(np.float32)
        stored = store_audio(folder, f"{index}", audio[0] if channels == 1 else audio, RATE)
        clips.append(Clip(id=f"{index}", text="t", speaker=None, split=split, seen_speaker=True, **stored))
    write_manifest(folder / "manifest.json", RATE, clips, rejected=[], channels=channels)
    return folder / "manifest.json"


def latent_of(corpus, make):
    """An autoencoder whose posterior means are what `make` makes of the clip's targets, `(frames, dim)`."""
    manifest = load_manifest(corpus)
    targets = Targets(HOP, RATE, manifest.channels)

    def encode(audio):
        return SimpleNamespace(mean=torch.from_numpy(make(targets(audio[0].numpy()))).T[None])

    return SimpleNamespace(hop=HOP, encode=encode)


def shares(corpus, make):
    """Error over baseline of all test clips, by target."""
    probe = ProbedLatents(latent_of(corpus, make), Corpus(corpus), [])
    rows = [probe(clip, Corpus(corpus).audio(clip), 0) for clip in load_manifest(corpus).split("test")]
    return {name: sum(row[f"{name}_residual"] for row in rows) / sum(row[f"{name}_baseline"] for row in rows)
            for name in probe.probes}  # fmt: skip


def mixed(target):
    """All of a target, turned by random axes."""
    mixing = np.random.default_rng(1).normal(size=(target.shape[1],) * 2) / target.shape[1] ** 0.5
    return (target @ mixing).astype(np.float32)


def noise():
    """Latents that know nothing."""
    rng = np.random.default_rng(2)
    return lambda targets: rng.normal(size=(len(targets["chroma"]), 4)).astype(np.float32)


def test_chroma_that_is_linear_in_the_latent_is_found_and_none_in_noise(tmp_path):
    corpus = write_tones(tmp_path, channels=1)
    assert shares(corpus, lambda targets: mixed(targets["chroma"]))["chroma"] < 0.1
    nothing = shares(corpus, noise())
    assert nothing["chroma"] == pytest.approx(1, abs=0.03) and set(nothing) == {"chroma"}


def test_the_level_difference_of_stereo_likewise(tmp_path):
    corpus = write_tones(tmp_path, channels=2)
    found = shares(corpus, lambda targets: mixed(targets["level"]))
    assert found["level"] < 0.1 and found["chroma"] > 0.3
    assert shares(corpus, noise())["level"] == pytest.approx(1, abs=0.03)


def test_targets_have_a_row_for_each_latent_frame(tmp_path):
    found = Targets(HOP, RATE, 2)(np.ones((2, 3 * HOP + 1), np.float32))
    assert {name: each.shape for name, each in found.items()} == {"chroma": (4, 384), "level": (4, 32)}
    assert not found["level"].any()  # left and right are equal


def test_it_is_fitted_to_training_clips_and_no_more_than_asked(tmp_path, monkeypatch):
    corpus = write_tones(tmp_path, channels=1)
    monkeypatch.setattr(linear_probe, "TRAINING_CLIPS", 2)
    seen = []
    make = latent_of(corpus, lambda targets: seen.append(1) or mixed(targets["chroma"]))
    facts = ProbedLatents(make, Corpus(corpus), []).facts
    assert len(seen) == 2 and (facts["training_clips"], facts["frames"]) == (2, 2 * 125)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_job_writes_two_terms_a_target(tmp_path, channels, monkeypatch):
    corpus = write_corpus(tmp_path, channels=channels)
    weights = write_weights(tmp_path, STEREO) if channels == 2 else write_weights(tmp_path)
    output = run("linear_probe", corpus, weights, monkeypatch)
    rows = list(csv.DictReader(output.read_text().splitlines()))
    assert list(rows[0]) == ["id", "chroma_residual", "chroma_baseline", "level_residual", "level_baseline", "reason"]
    assert all(float(row["chroma_residual"]) > 0 and float(row["chroma_baseline"]) > 0 for row in rows)
    assert {row["level_residual"] == "" for row in rows} == {channels == 1}
    assert {row["reason"] for row in rows} == ({"level_error: of stereo alone"} if channels == 1 else {""})
    made = json.loads(output.with_suffix(".json").read_text())
    assert (made["n"], made["n_failed"], made["training_clips"]) == (3, 0, 1)
    written = output.read_bytes()
    assert run("linear_probe", corpus, weights, monkeypatch).read_bytes() == written


def test_without_training_clips_it_says_so(tmp_path, monkeypatch):
    corpus = write_corpus(tmp_path)
    clips = [clip for clip in load_manifest(corpus).clips if clip.split != "train"]
    write_manifest(corpus, RATE, clips, rejected=[])
    with pytest.raises(ConfigError, match=r"linear_probe: .* has no training clips"):
        run("linear_probe", corpus, write_weights(tmp_path), monkeypatch)
