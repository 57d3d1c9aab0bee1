"""Texts in any script: what is trained tells them apart, keeps its characters, and says what it can't learn."""

import json
from pathlib import Path

import pytest
import torch
from accelerate.state import AcceleratorState

from shared.autoencoders.latents import save_latents
from shared.config import ConfigError
from shared.corpora.manifest import Clip, write_manifest
from shared.files import sha256
from shared.generators.builder import load_generator
from shared.generators.next_token import NextTokenGenerator
from shared.text.characters import LATIN
from shared.training import loop
from shared.training.generator import GeneratorSpec, train_generator
from tests.generators.next_token_models import LATENTLM, SEMAVOICE
from tests.training.test_shaping import make_step, shaped

TRAINING = {"steps": 1, "batch": 4, "learning_rate": {"peak": 1e-3, "final": 0.0}, "checkpoint_every": 1}
COMMON = {"latent_scale": "std", "utterances": 2, "training": TRAINING}
TINY = {"width": 16, "depth": 1, "heads": 1}
ARCHITECTURES = {
    "dit": {"kind": "dit", **TINY, "text_layers": 1},
    "f5": {"kind": "f5", **TINY, "head_dim": 8, "text_layers": 1},
    "stable_audio": {"kind": "stable_audio", **TINY, "memory_tokens": 2},
}
READERS = {"characters": {"kind": "characters", "dim": 8}, "trained_t5": {"kind": "trained_t5", "dim": 8, "depth": 1}}
GENERATORS = {
    **{f"{name}-{reader}": {"kind": "infilling", "architecture": each, "text": READERS[reader], "flow": {}, **COMMON}
       for name, each in ARCHITECTURES.items() for reader in READERS},
    **{f"next_token-{positions}": {**config.model_dump(), "text_positions": positions, **COMMON}
       for positions, config in (("before", LATENTLM), ("beside", SEMAVOICE), ("paced", LATENTLM))},
}
# Of each script two texts to train on and one to test with, whose characters the others lack in part.
SCRIPTS = {
    "latin": ("Żółta łódź", "señor März 7", "größe"),
    "cyrillic": ("привет мир", "москва два", "южный"),
    "devanagari": ("नमस्ते दुनिया", "हिन्दी भाषा", "कृपया"),
    "chinese": ("你好世界", "今天天气很好", "谢谢"),
    "blank": ("   ", "a", " "),
}
SCRIPTS["all"] = tuple(text for texts in zip(*SCRIPTS.values(), strict=True) for text in texts)


@pytest.fixture(autouse=True)
def fresh_accelerator():
    AcceleratorState._reset_state(reset_partial_state=True)


def train(folder: Path, generator: dict, texts: tuple[str, ...]) -> Path:
    """Train on all texts but the last, which is of the test split; returns the model's file."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = [
        Clip(id=str(i), file="", text=text, speaker="a", split="train" if i < len(texts) - 1 else "test",
             seen_speaker=True, seconds=6 * 1024 / 16_000, sha256="")
        for i, text in enumerate(texts)
    ]
    write_manifest(folder / "manifest.json", 16_000, clips, [])
    torch.manual_seed(0)
    latents = [(torch.randn(6, 3), torch.full((6, 3), 0.1)) for _ in texts[:-1]]
    save_latents(folder / "latents.safetensors", latents, 1024)
    spec = GeneratorSpec(corpus={}, autoencoder={}, generator=generator, seed=0)
    output = folder / "model.safetensors"
    train_generator(spec, folder / "manifest.json", folder / "latents.safetensors", folder / "checkpoints", "", output)
    return output


def read(generator: torch.nn.Module, text: str) -> torch.Tensor:
    """What a generator makes of one text, `(tokens, dim)`."""
    if isinstance(generator, NextTokenGenerator):
        return generator.backbone.embed([text])[0]
    return generator.encode_text([text]).features[0]


@pytest.mark.parametrize(("name", "script"), [
    *((name, "all") for name in GENERATORS),
    *((name, script) for name in ("dit-characters", "next_token-paced") for script in SCRIPTS if script != "all"),
])
def test_a_saved_generator_tells_texts_of_its_corpus_apart_and_refuses_characters_of_others(name, script, tmp_path):
    texts = SCRIPTS[script]
    output = train(tmp_path, GENERATORS[name], texts)
    generator, saved = load_generator(output)
    features = [read(generator, text) for text in (*texts, "")]
    for i, one in enumerate(features):
        assert torch.isfinite(one).all() and len(one) > 0
        assert all(one.shape != other.shape or not torch.equal(one, other) for other in features[:i])
    if name.endswith("trained_t5"):
        assert read(generator, "ω").isfinite().all()
        return
    config = saved.config.model_dump()
    part = config.get("text", config.get("backbone"))
    assert part["vocabulary"].startswith(LATIN) and set("".join(texts).lower()) <= set(part["vocabulary"])
    with pytest.raises(ConfigError, match=r"text 'aω': 'ω' \(U\+03C9 GREEK SMALL LETTER OMEGA\)"):
        read(generator, "aω")


def test_letters_of_one_number_are_no_longer_alike(tmp_path):
    generator, _ = load_generator(train(tmp_path, GENERATORS["dit-characters"], ("слово", "дерево", "листья")))
    assert not torch.equal(read(generator, "слово")[0], read(generator, "дерево")[0])
    assert torch.equal(read(generator, "СЛОВО"), read(generator, "слово"))


@pytest.mark.parametrize("name", ["f5-characters", "next_token-paced"])
def test_a_training_goes_on_with_the_characters_it_began_with(name, tmp_path, monkeypatch):
    generator = GENERATORS[name] | {"training": TRAINING | {"steps": 2}}
    whole = train(tmp_path / "whole", generator, SCRIPTS["cyrillic"])
    step = loop._train_step

    def killed(task, index):
        if index == 1:
            raise KeyboardInterrupt
        return step(task, index)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop, "_train_step", killed)
        train(tmp_path / "killed", generator, SCRIPTS["cyrillic"])
    assert (tmp_path / "killed" / "checkpoints" / "checkpoint.pt").exists()
    assert sha256(train(tmp_path / "killed", generator, SCRIPTS["cyrillic"])) == sha256(whole)


def test_characters_of_the_corpora_made_here_leave_the_config_as_it_is(tmp_path):
    output = train(tmp_path, GENERATORS["dit-characters"], ("move red box", "take blue key", "drop the lamp"))
    assert json.loads(output.with_name("model.json").read_text())["config"]["text"]["vocabulary"] == LATIN


def test_characters_that_only_test_texts_have_are_said(tmp_path, capsys):
    train(tmp_path / "some", GENERATORS["dit-characters"], ("привет", "мир", "южный"))
    train(tmp_path / "none", GENERATORS["dit-characters"], ("привет", "мир", "рим"))
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "training text" in line]
    assert line.startswith("characters that validation or test texts have and no training text")
    assert ": 5, 'ж' (1 clip, such as 2), " in line


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_contrastive_critic_reads_any_script(script):
    recipe, texts = shaped("contrastive"), list(SCRIPTS[script])
    step = make_step(recipe, texts=texts)
    step(0)
    features = step.shaping.modules["contrastive"].text_encoder(texts).features
    assert all(not torch.equal(one, other) for i, one in enumerate(features) for other in features[:i])
