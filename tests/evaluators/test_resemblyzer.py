"""Resemblyzer's embedding against the package's own, and the parts that it hears."""

import importlib
import sys
import types
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from shared.config import ConfigError
from shared.evaluators import resemblyzer
from shared.evaluators.resemblyzer import HOP, PART, STEP, WEIGHTS, VoiceEncoder, mel_power, part_starts


@pytest.mark.slow  # its imports
@pytest.mark.skipif(not find_spec("resemblyzer"), reason="the package is not installed")
@pytest.mark.parametrize("seconds", [0.7, 1.7, 3.9])
def test_equals_the_package(monkeypatch, seconds):
    monkeypatch.setitem(sys.modules, "webrtcvad", types.ModuleType("webrtcvad"))  # cuts pauses, before this
    theirs = importlib.import_module("resemblyzer").VoiceEncoder("cpu", verbose=False)
    time = np.arange(int(seconds * 16_000)) / 16_000
    clip = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 30)) * (np.sin(9 * time) > -0.5)
    clip = (0.05 * clip + 0.001 * np.random.default_rng(0).standard_normal(len(time))).astype(np.float32)
    ours = VoiceEncoder().embed(clip)
    np.testing.assert_allclose(ours, theirs.embed_utterance(clip), atol=1e-4)
    assert np.linalg.norm(ours) == pytest.approx(1)


def test_mel_power_is_librosas():
    librosa = pytest.importorskip("librosa")
    clip = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    expected = librosa.feature.melspectrogram(y=clip, sr=16_000, n_fft=400, hop_length=160, n_mels=40).T
    np.testing.assert_allclose(mel_power(clip), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("frames", "starts"), [(20, [0]), (PART, [0]), (PART + STEP, [0, STEP]), (PART + 30, [0])])
def test_a_last_part_counts_if_three_quarters_of_it_are_there(frames, starts):
    assert part_starts(frames * HOP) == starts


def test_other_weights_are_refused(tmp_path, monkeypatch):
    torch.save({"model_state": {"linear.bias": torch.zeros(3)}}, tmp_path / WEIGHTS)
    monkeypatch.setattr(resemblyzer, "package_folder", lambda package, metric: tmp_path)
    with pytest.raises(ConfigError, match="not the weights of Resemblyzer"):
        VoiceEncoder()
