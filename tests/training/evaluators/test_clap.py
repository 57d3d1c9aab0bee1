"""The audio-text model: what it learns, how it hears and reads, and what it refuses."""

import json
import unicodedata

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, WavLMConfig

from shared.config import ConfigError, parse
from shared.corpora.corpus import Corpus
from shared.evaluators.clap import ClapEmbedder
from shared.training.evaluators.clap import (
    CaptionedClips,
    ClapSpec,
    make_extractor,
    make_tokenizer,
    perturb,
    train_clap,
)
from shared.training.evaluators.config import CaptionsConfig, ClapRecipe
from tests.training.evaluators.sounds import RATE, make_corpus

CONFIG = {
    "encoder": {"bands": 16, "image": 32, "width": 16, "depths": [1], "heads": [2], "text_depth": 1, "embedding": 24},
    "training": {
        "steps": 70,
        "batch": 16,
        "learning_rate": {"peak": 3e-3, "final": 0.0, "warmup": 10},
        "gradient_clip": 1.0,
    },
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("sounds"), train=150, test=40, seconds=1.0)


@pytest.fixture(scope="module")
def model(corpus, tmp_path_factory):
    """A trained model's file."""
    output = tmp_path_factory.mktemp("model") / "model.safetensors"
    spec = parse(ClapSpec, {"corpus": {}, "clap": CONFIG, "seed": 0}, "spec")
    train_clap(spec, Corpus(corpus), output)
    return output


def test_it_learns_which_caption_fits(model):
    report = json.loads(model.with_name("report.json").read_text())
    chance = 5 / report["captions"]
    assert report["top_5"] > 3 * chance
    assert report["similarity_own"] > report["similarity_all"] + 0.2


def test_embeddings_have_unit_length_and_the_configured_size(model):
    embedder = ClapEmbedder(str(model.parent))
    audio, text = embedder.embed_audio(np.ones(50), RATE), embedder.embed_text("a low beep once")
    for embedding in (audio, text):
        assert embedding.shape == (24,) and np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)
    assert embedder.name == "ClapModel (local folder)" and len(embedder.weights_sha256) == 64


def test_case_does_not_matter_and_unknown_words_are_read(model):
    embedder = ClapEmbedder(str(model))
    np.testing.assert_array_equal(embedder.embed_text("A LOW beep once"), embedder.embed_text("a low beep once"))
    assert np.isfinite(embedder.embed_text("a zither " + 100 * "very " + "far away")).all()


@pytest.mark.parametrize(("caption", "words"), [
    ("Шум дождя", ["шум", "дождя"]), ("बारिश की आवाज़", ["बारिश", "की", "आवाज़"]), ("雨が降る", ["雨", "が", "降", "る"]),
    ("狗 叫3", ["狗", "叫", "3"]), ("ὈΔΟΣ", ["ὀδοσ"]), ("a <pad> <s>", ["a", "<", "pad", ">", "<", "s", ">"]),
])
def test_a_caption_is_read_word_by_word_whatever_its_script_case_and_unicode_form(caption, words, tmp_path):
    made = make_tokenizer(["a low bell"], [caption])
    made.save_pretrained(tmp_path)
    for tokenizer in (made, AutoTokenizer.from_pretrained(tmp_path)):
        forms = [caption, caption.lower(), unicodedata.normalize("NFD", caption.upper())]
        read = [unicodedata.normalize("NFC", each) for each in words]
        assert [tokenizer.tokenize(form) for form in forms] == [read] * 3
        assert tokenizer.tokenize("a low zither") == ["a", "low", "<unk>"]


def test_words_of_captions_that_are_not_trained_on_come_last():
    alone, more = make_tokenizer(["b a", "c"]), make_tokenizer(["b a", "c"], ["a aa z"])
    assert more.get_vocab() == alone.get_vocab() | {"aa": len(alone), "z": len(alone) + 1}


def test_a_long_clip_is_heard_from_its_beginning_and_always_alike(model):
    embedder = ClapEmbedder(str(model))
    noise = np.random.default_rng(0).normal(size=3 * embedder.extractor.nb_max_samples)
    beginning = noise[: embedder.extractor.nb_max_samples]
    np.testing.assert_array_equal(embedder.embed_audio(noise, RATE), embedder.embed_audio(beginning, RATE))


def test_a_batch_has_each_caption_once():
    images = [torch.zeros(1, 8, 4)] * 6
    words = [[0, 5, 2], [0, 5, 2], [0, 6, 7, 2], [0, 6, 7, 2], [0, 8, 2], [0, 8, 2]]
    clips = CaptionedClips(images, words, 1, ClapRecipe())
    batch = clips.draw(4, torch.Generator().manual_seed(0))
    assert batch["input_features"].shape == (3, 1, 8, 4)
    assert sorted(map(tuple, batch["input_ids"].tolist())) == [(0, 5, 2, 1), (0, 6, 7, 2), (0, 8, 2, 1)]
    assert batch["attention_mask"].sum().item() == 10


def test_bending_nothing_changes_nothing():
    images, generator = torch.randn(2, 1, 8, 4), torch.Generator().manual_seed(0)
    assert torch.equal(perturb(images, ClapRecipe(gain=0, jitter=0), generator), images)
    louder = perturb(images, ClapRecipe(gain=6, jitter=0), generator) - images
    assert louder.std((1, 2, 3)).max() < 1e-5 < louder.abs().max() <= 6


@pytest.mark.parametrize("seconds", [1.0, 2.96, 10.0])
def test_the_longest_clip_fits_into_the_image(seconds):
    config = CaptionsConfig()
    extractor = make_extractor(config, seconds)
    image = extractor(np.zeros(int(seconds * RATE)), sampling_rate=RATE, return_tensors="np")["input_features"]
    assert image.shape[-1] == config.bands
    assert 0.9 * config.image**2 / config.bands <= image.shape[-2] <= config.image**2 / config.bands


def test_a_model_of_another_kind_is_refused(tmp_path):
    WavLMConfig().save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="'wavlm' is no audio-text model"):
        ClapEmbedder(str(tmp_path))
