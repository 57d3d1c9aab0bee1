"""A next-token generator in a study and in the training job."""

from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState

from shared.autoencoders.latents import load_latents, save_latents
from shared.config import ConfigError, parse
from shared.corpora.manifest import Clip, write_manifest
from shared.generators.builder import count_parameters, load_generator, meta_generator
from shared.plan.variant import VariantConfig
from shared.sampling.next_token import sample_next_tokens
from shared.sampling.next_token_config import NextTokenSolverConfig
from shared.training.generator import GeneratorSpec, GeneratorStep, train_generator
from shared.training.infilling_config import InfillingRecipe
from shared.training.latent_examples import LatentExamples
from shared.training.next_token_config import NextTokenRecipe
from tests.generators.next_token_models import LATENTLM, LOCAL, SEMAVOICE
from tests.sources import SOURCES

SMOKE = SOURCES["longcat"].resolve("dim64", "smoke")
TRAINING = {"steps": 2, "batch": 4, "learning_rate": {"peak": 1e-3, "final": 0.0}, "gradient_clip": 1.0}
GENERATOR = {
    **LATENTLM.model_dump(), "loss": {"history_noise": 0.3, "end_weight": 0.5}, "latent_scale": "std",
    "utterances": 2, "training": TRAINING,
}
SOLVER = {"kind": "next_token", "evaluations": 3, "guidance": 0.3}


@pytest.fixture(autouse=True)
def fresh_accelerator():
    AcceleratorState._reset_state(reset_partial_state=True)


def variant(generator: dict = GENERATOR, solver: dict = SOLVER) -> VariantConfig:
    data = SMOKE.model_dump()
    data["generator"], data["sampling"]["solver"] = generator, solver
    return parse(VariantConfig, data, "study.yaml")


def test_a_study_names_the_kind_of_its_generator_and_of_its_solver():
    config = variant()
    assert isinstance(config.generator, NextTokenRecipe) and isinstance(config.sampling.solver, NextTokenSolverConfig)
    assert variant(config.generator.model_dump(mode="json")) == config
    assert count_parameters(meta_generator(config.generator, 64)) > 0
    assert isinstance(SMOKE.generator, InfillingRecipe) and SMOKE.sampling.solver.kind == "infilling"


@pytest.mark.parametrize(("generator", "solver", "expected"), [
    ({**GENERATOR, "patsh": 2}, SOLVER, "generator.patsh: unknown key; did you mean 'patch'?"),
    ({**GENERATOR, "text_positions": "paced", "utterances": 1}, SOLVER, "set utterances to 2 or more"),
    ({**GENERATOR, "kind": "next"}, SOLVER, "generator: no kind 'next'; known: infilling, next_token"),
    ({**GENERATOR, "head": {**LOCAL, "heads": 3}}, SOLVER, "width must be an even multiple of heads"),
    ({name: value for name, value in GENERATOR.items() if name != "kind"}, SOLVER,
     "generator: kind is missing; known: infilling, next_token"),
    (GENERATOR, {"kind": "infilling"}, "sampling.solver is of a generator of kind infilling; this one is of kind next"),
    (SMOKE.generator.model_dump(), SOLVER, "sampling.solver is of a generator of kind next_token; this one is of kind"),
    (GENERATOR, {**SOLVER, "evaluation": 4}, "sampling.solver.evaluation: unknown key; did you mean 'evaluations'"),
])
def test_each_mistake_is_one_clear_line(generator, solver, expected):
    with pytest.raises(ConfigError) as caught:
        variant(generator, solver)
    assert expected in str(caught.value) and "\n" not in str(caught.value)


def make_corpus(folder: Path) -> tuple[Path, Path]:
    """A manifest and the latents of its clips."""
    torch.manual_seed(0)
    save_latents(folder / "latents.safetensors", [(torch.randn(n, 3), torch.full((n, 3), 0.1)) for n in (6, 5)], 1024)
    clips = [
        Clip(id=str(i), file="", text=f"say {word}", speaker="a", split="train", seen_speaker=True,
             seconds=(6 - i) * 1024 / 16_000, sha256="")
        for i, word in enumerate(("one", "two"))
    ]
    write_manifest(folder / "manifest.json", 16_000, clips, [])
    return folder / "manifest.json", folder / "latents.safetensors"


def make_step(folder: Path, generator: dict) -> GeneratorStep:
    torch.manual_seed(0)
    _, latents = make_corpus(folder)
    clips = [Clip(id=str(i), file="", text="say so", speaker="a", split="train", seen_speaker=True, seconds=1.0,
                  sha256="") for i in range(2)]
    spec = GeneratorSpec(corpus={}, autoencoder={}, generator=generator, seed=0)
    return GeneratorStep(spec, LatentExamples(load_latents(latents), clips, 1.0, utterances=2))


@pytest.mark.parametrize("precision", ["no", "bf16"])
@pytest.mark.parametrize("config", [LATENTLM, SEMAVOICE])
def test_a_step_reaches_the_backbone_and_the_texts_embedding(tmp_path, config, precision):
    step = make_step(tmp_path, {**GENERATOR, **config.model_dump(), "training": {**TRAINING, "precision": precision}})
    decoder = step.generator.backbone.decoder
    watched = [decoder.embed_tokens.weight, decoder.layers[0].layer.mlp.up_proj.weight, step.generator.begin]
    before = [each.detach().clone() for each in watched]
    losses = step(0)
    assert losses.keys() == {"diffusion", "end"}
    assert all(not torch.equal(a, b) for a, b in zip(before, watched, strict=True))


def test_the_loss_is_diffusion_plus_the_weighted_end(tmp_path):
    step = make_step(tmp_path, GENERATOR)
    batch = step.examples.draw(4, np.random.default_rng(0))
    total, parts = step.objective(step.model, batch)
    torch.testing.assert_close(total, parts["diffusion"] + 0.5 * parts["end"])


def test_a_step_places_texts_by_the_pace_of_the_first_utterance(tmp_path):
    step = make_step(tmp_path, {**GENERATOR, "text_positions": "paced"})
    seen, sequences = [], step.generator.sequences
    step.generator.sequences = lambda texts, histories, paces: seen.append(paces) or sequences(texts, histories, paces)
    batch = step.examples.draw(4, np.random.default_rng(0))
    step.objective(step.model, batch)
    (paces,) = seen
    assert paces.tolist() == step.generator.positions.paces(batch.prompts).tolist() and len(set(paces.tolist())) == 2


def test_recomputing_activations_changes_no_gradient(tmp_path):
    gradients = []
    for recompute in (False, True):
        training = {**TRAINING, "recompute_activations": recompute, "gradient_clip": None}
        step = make_step(tmp_path, {**GENERATOR, "training": training})
        for optimizer in step.optimizers.values():
            optimizer.zero_grad = lambda: None
        step(0)
        gradients.append({name: each.grad.clone() for name, each in step.generator.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient)


def test_a_trained_generator_is_saved_and_samples_again(tmp_path):
    corpus, latents = make_corpus(tmp_path)
    beside = {**GENERATOR, "text_positions": "beside"}
    spec = GeneratorSpec(corpus={}, autoencoder={}, generator=beside, seed=0)
    train_generator(spec, corpus, latents, tmp_path / "checkpoints", "", tmp_path / "model.safetensors")
    generator, saved = load_generator(tmp_path / "model.safetensors")
    assert saved.latent_scale == pytest.approx(load_latents(latents).overall_std())
    assert generator.positions.tokens_per_patch == pytest.approx(14 / 11)  # "say one" and "say two", in 6 and 5 frames
    assert saved.config.kind == "next_token" and not hasattr(saved.config, "training")
    noise, prompts = torch.randn(1, 5, 3), [torch.zeros(2, 3)]
    solver = NextTokenSolverConfig.model_validate(SOLVER)
    (sampled,) = sample_next_tokens(generator, solver, noise, torch.tensor([5]), prompts, ["say one two"])
    assert 1 <= len(sampled) <= 3 and torch.isfinite(sampled).all()


def test_how_long_characters_last_is_saved_with_the_generator(tmp_path):
    corpus, latents = make_corpus(tmp_path)
    spec = GeneratorSpec(corpus={}, autoencoder={}, generator={**GENERATOR, "text_positions": "paced"}, seed=0)
    train_generator(spec, corpus, latents, tmp_path / "checkpoints", "", tmp_path / "model.safetensors")
    generator, _ = load_generator(tmp_path / "model.safetensors")
    longer, shorter = (generator.positions._ends(f"say {word} ")[-1] for word in ("one", "two"))
    assert longer > shorter and generator.positions.tokens_per_patch == pytest.approx(16 / 11)
