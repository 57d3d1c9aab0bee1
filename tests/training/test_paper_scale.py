"""A training step of the paper's models on tiny input. Run with `pytest -m large`: they need 20 GB of memory.

Two things are smaller than published: the text encoder, which only the hub has, is a random one of the same width,
and a step sees two examples.
"""

import json

import numpy as np
import psutil
import pytest
import torch
from accelerate.state import AcceleratorState
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from shared.autoencoders.latents import load_latents, save_latents
from shared.corpora.manifest import Clip
from shared.generators.builder import count_parameters
from shared.training.autoencoder import AutoencoderStep
from shared.training.crops import Crops
from shared.training.generator import GeneratorSpec, GeneratorStep
from shared.training.latent_examples import LatentExamples
from tests.sources import SOURCES

CONFIG = SOURCES["longcat"].resolve("dim64", "paper")
FEW = {"batch": 2, "accumulation": 2, "recompute_activations": True}
pytestmark = pytest.mark.large


@pytest.fixture(autouse=True)
def enough_memory():
    AcceleratorState._reset_state(reset_partial_state=True)
    free = psutil.virtual_memory().available / 2**30
    if free < 20:
        pytest.skip(f"{free:.0f} GiB of memory are free, 20 are needed")


def moved(module: torch.nn.Module, step) -> float:
    """Share of a module's trained tensors that two steps change: AdaLN-Zero lets the first reach the output only."""
    before = [each.detach().flatten()[:1].clone() for each in module.parameters() if each.requires_grad]
    for index in range(2):
        terms = step(index)
    assert all(np.isfinite(float(value)) for value in terms.values()), terms
    after = [each.detach().flatten()[:1] for each in module.parameters() if each.requires_grad]
    return float(np.mean([not torch.equal(a, b) for a, b in zip(before, after, strict=True)]))


def test_autoencoder():
    recipe = CONFIG.autoencoder
    recipe = recipe.model_copy(
        update={"training": recipe.training.model_copy(update=FEW),
                "adversary": recipe.adversary.model_copy(update={"start": 0})}
    )
    waveforms = [np.random.default_rng(0).normal(size=30_000).astype(np.float32) * 0.1]
    crops = Crops(waveforms, 4 * recipe.architecture.hop, recipe.architecture.hop)
    step = AutoencoderStep(recipe, crops, CONFIG.sample_rate, seed=0)
    assert count_parameters(step.autoencoder) == 156_106_625
    assert moved(step.autoencoder, step) > 0.9


def test_generator(tmp_path):
    encoder = tmp_path / "umt5"
    sizes = UMT5Config(vocab_size=32, d_model=768, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    UMT5EncoderModel(sizes).save_pretrained(encoder)
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
                 "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
                 "model": {"type": "WordLevel", "vocab": {"<pad>": 0, "<unk>": 1, "</s>": 2}, "unk_token": "<unk>"}}
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    PreTrainedTokenizerFast(tokenizer_file=str(tmp_path / "tokenizer.json"), pad_token="<pad>", unk_token="<unk>",
                            eos_token="</s>").save_pretrained(encoder)
    posteriors = [(torch.randn(20, 64), torch.full((20, 64), 0.1)) for _ in range(4)]
    save_latents(tmp_path / "latents.safetensors", posteriors, hop=2048)
    clips = [
        Clip(id=str(i), file="", text="one two", speaker="a", split="train", seen_speaker=True, seconds=1.0, sha256="")
        for i in range(4)
    ]
    recipe = CONFIG.generator
    recipe = recipe.model_copy(
        update={"training": recipe.training.model_copy(update=FEW),
                "text": recipe.text.model_copy(update={"model": str(encoder)})}
    )
    latents = load_latents(tmp_path / "latents.safetensors")
    examples = LatentExamples(latents, clips, recipe.latent_scale, recipe.utterances)
    step = GeneratorStep(GeneratorSpec(corpus={}, autoencoder={}, generator=recipe, seed=0), examples)
    assert count_parameters(step.generator.transformer) == 981_955_648
    assert moved(step.generator.transformer, step) > 0.9
