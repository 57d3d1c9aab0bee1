"""Hidden states of a frozen speech encoder, at any layer and at any places of a clip."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import AutoModel, Wav2Vec2FeatureExtractor, WavLMConfig, WavLMModel

from shared.autoencoders.latents import load_latents, save_latents
from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import load_manifest
from shared.evaluators.speech_encoder import SpeechEncoder, interpolate
from shared.training import teacher_features
from shared.training.generator import teacher_targets


@pytest.fixture(scope="module")
def teacher(tmp_path_factory) -> Path:
    """A WavLM of two blocks, which hears 16 kHz and gives 50 frames a second."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("teacher")
    config = WavLMConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, conv_dim=(8, 8),
        conv_stride=(10, 32), conv_kernel=(10, 32), num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2,
        num_feat_extract_layers=2,
    )
    WavLMModel(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    return folder


def clip(samples: int = 8000) -> np.ndarray:
    return np.random.default_rng(0).normal(size=samples).astype(np.float32)


def test_layers_are_counted_from_one_and_the_average_is_over_blocks(teacher):
    audio = clip()
    normalised = torch.from_numpy((audio - audio.mean()) / np.sqrt(audio.var() + 1e-7))
    with torch.inference_mode():
        states = AutoModel.from_pretrained(teacher).eval()(normalised[None], output_hidden_states=True).hidden_states
    expected = {1: states[1], 2: states[2], "last": states[2], "average": (states[1] + states[2]) / 2}
    for layer, value in expected.items():
        torch.testing.assert_close(SpeechEncoder(str(teacher), layer)(audio, 16_000), value[0], atol=1e-4, rtol=1e-4)


def test_other_rates_are_resampled_and_a_missing_layer_is_named(teacher):
    assert SpeechEncoder(str(teacher))(clip(12_000), 24_000).shape == SpeechEncoder(str(teacher))(clip(), 16_000).shape
    with pytest.raises(ConfigError, match="no layer 3, it has 2"):
        SpeechEncoder(str(teacher), 3)


def test_interpolation_at_the_middles_of_frames_is_torchs():
    features = torch.randn(13, 4)
    for frames in (5, 13, 40):
        places = (torch.arange(frames) + 0.5) / frames
        expected = F.interpolate(features.T[None], size=frames, mode="linear")[0].T
        torch.testing.assert_close(interpolate(features, places), expected)


def test_features_are_written_clip_by_clip(teacher, corpus, tmp_path, monkeypatch):
    spec, output = tmp_path / "spec.json", tmp_path / "features.safetensors"
    spec.write_text(json.dumps({"corpus": {}, "teacher": str(teacher), "layer": 1}))
    options = ["--spec", spec, "--corpus", corpus, "--teacher", teacher, "--output", output]
    monkeypatch.setattr(sys, "argv", ["teacher_features", *map(str, options)])
    teacher_features.main()
    features = teacher_features.load_features(output, len(load_manifest(corpus).split("train")))
    manifest = load_manifest(corpus)
    clips = manifest.split("train")
    encoder = SpeechEncoder(str(teacher), 1)
    assert (len(features.offsets), features.dim) == (len(clips) + 1, 16)
    for index in (0, len(clips) - 1):
        expected = encoder(Corpus(corpus).audio(clips[index]), manifest.sample_rate)
        torch.testing.assert_close(features[index], expected, atol=2e-3, rtol=2e-3)


def test_repas_targets_are_the_features_at_the_latent_frames(teacher, corpus, tmp_path):
    manifest = load_manifest(corpus)
    clips = manifest.split("train")
    frames = [5 + index % 3 for index in range(len(clips))]
    save_latents(tmp_path / "latents", [(torch.zeros(n, 2), torch.ones(n, 2)) for n in frames], hop=64)
    encoder = SpeechEncoder(str(teacher))
    targets = teacher_targets(encoder, Corpus(corpus), load_latents(tmp_path / "latents"))
    assert [len(target) for target in targets] == frames
    features = encoder(Corpus(corpus).audio(clips[1]), manifest.sample_rate)
    expected = F.interpolate(features.T[None], size=frames[1], mode="linear")[0].T
    torch.testing.assert_close(targets[1], expected)
