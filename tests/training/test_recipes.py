"""Recipes: impossible ones are refused, and the steps do what their equations say."""

import functools
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState

from shared.autoencoders.latents import load_latents, save_latents
from shared.corpora.manifest import Clip
from shared.losses.config import KlConfig
from shared.losses.kl import kl_loss
from shared.losses.mel import MultiScaleMelLoss
from shared.plan.variant import VariantConfig
from shared.training.autoencoder import AutoencoderStep
from shared.training.crops import Crops
from shared.training.generator import GeneratorSpec, GeneratorStep
from shared.training.infilling_config import InfillingRecipe
from shared.training.latent_examples import LatentExamples
from shared.training.recipes import AutoencoderRecipe
from shared.training.teacher_features import TeacherFeatures
from tests.sources import SOURCES

LONGCAT = SOURCES["longcat"]
SMOKE = LONGCAT.resolve("dim64", "smoke")
HEARD = {"stft": [{"n_fft": 512, "hop": 128}], "mel": [{"n_fft": 512, "hop": 128, "n_mels": 40}]}
# Its decoder makes waveforms, as those of larger scales do; of magnitudes see test_magnitudes.py.
WAVEFORMS = AutoencoderRecipe.model_validate(
    SMOKE.autoencoder.model_dump()
    | {"architecture": SMOKE.autoencoder.architecture.model_dump() | {"magnitudes": None}, "reconstruction": HEARD}
)


@pytest.fixture(autouse=True)
def fresh_accelerator():
    AcceleratorState._reset_state(reset_partial_state=True)


def test_an_adversary_that_would_never_start_is_refused():
    data = SMOKE.autoencoder.model_dump()
    data["adversary"]["start"] = data["training"]["steps"]
    with pytest.raises(ValueError, match="never be used"):
        AutoencoderRecipe.model_validate(data)


def test_a_mel_input_at_another_sample_rate_is_refused():
    data = SMOKE.model_dump()
    mel = {"sample_rate": 24000, "n_fft": 128, "n_mels": 20}
    architecture = {"family": "dac", "strides": [64], "decoder": {"kind": "dac"}, "mel_input": mel}
    data["autoencoder"] |= {"architecture": architecture, "reconstruction": HEARD}
    with pytest.raises(ValueError, match=r"mel_input\.sample_rate 24000 is not the study's, 16000"):
        VariantConfig.model_validate(data)


@pytest.mark.parametrize(("name", "refused"), [("musdb", True), ("song_describer", False)])
def test_captions_that_are_the_same_for_all_clips_are_refused(name, refused):
    data = SMOKE.model_dump()
    data["corpus"] = {"kind": "hub", "name": name, "sample_rate": 16_000, "content": "sound", "seed": 0}
    critic = {"weight": 1.0, "detach_steps": 0, "text": {"kind": "characters", "dim": 8}}
    data["autoencoder"]["shaping"] = {"contrastive": critic}
    if not refused:
        assert VariantConfig.model_validate(data).autoencoder.reads_texts
        return
    with pytest.raises(ValueError, match=r"shaping\.contrastive\.text reads captions, and musdb has none"):
        VariantConfig.model_validate(data)


def test_a_repa_layer_past_the_last_block_is_refused():
    data = SMOKE.generator.model_dump()
    data["repa"] = {"teacher": "some/teacher", "layer": 9, "weight": 0.5}
    with pytest.raises(ValueError, match=r"repa\.layer 9"):
        InfillingRecipe.model_validate(data)


def make_autoencoder_step(recipe: AutoencoderRecipe = WAVEFORMS) -> AutoencoderStep:
    torch.manual_seed(0)
    waveforms = [np.random.default_rng(0).normal(size=20_000).astype(np.float32) * 0.1]
    teacher = TeacherFeatures(torch.randn(62, 6).half(), torch.tensor([0, 62])) if recipe.alignment else None
    return AutoencoderStep(recipe, Crops(waveforms, 8192, 1024, teacher), 16_000, seed=0)


def with_alignment(training: dict | None = None, **alignment) -> AutoencoderRecipe:
    data = {**WAVEFORMS.model_dump(), "alignment": {"layer": "last", **alignment}}
    data["training"] |= training or {}
    return AutoencoderRecipe.model_validate(data)


def test_alignment_reaches_the_encoder_and_its_projection_is_trained():
    step = make_autoencoder_step(with_alignment())
    batch = step.crops.draw(2, np.random.default_rng(0))
    _, latents, _ = step.model(batch.audio)
    term = step.align(latents, batch.features, batch.valid)
    gradients = torch.autograd.grad(term, list(step.autoencoder.encoder.parameters()))
    assert sum(gradient.abs().sum() for gradient in gradients) > 0
    before = [parameter.clone() for parameter in step.alignment.parameters()]
    assert "alignment" in step(0)
    assert all(not torch.equal(a, b) for a, b in zip(before, step.alignment.parameters(), strict=True))


SEMAVOICE = {"projection": "linear", "pairwise": 1.0, "weight": {"gradient_ratio": 0.5}}


@pytest.mark.parametrize("weight", [2.0, {"gradient_ratio": 0.5}], ids=["fixed", "ratio"])
@pytest.mark.parametrize("pairwise", [0.0, 1.0])
@pytest.mark.parametrize("projection", ["conv", "linear"])
@pytest.mark.parametrize("distance", ["cosine", "l1", "mse"])
def test_every_alignment_is_trained(distance, projection, pairwise, weight):
    step = make_autoencoder_step(
        with_alignment(distance=distance, projection=projection, pairwise=pairwise, weight=weight)
    )
    before = [parameter.clone() for parameter in step.alignment.parameters()]
    terms = step(0)
    assert ("alignment_weight" in terms) == isinstance(weight, dict)
    assert all(torch.isfinite(term) for term in terms.values())
    assert all(not torch.equal(a, b) for a, b in zip(before, step.alignment.parameters(), strict=True))


def gradient_norm(loss: torch.Tensor, module: torch.nn.Module) -> float:
    module.zero_grad()
    loss.backward(retain_graph=True)
    norms = [parameter.grad.double().norm() for parameter in module.parameters()]
    module.zero_grad()
    return torch.stack(norms).norm().item()


@pytest.mark.parametrize("accumulation", [1, 2])
def test_the_aligned_encoder_is_pulled_half_as_hard_as_by_the_mel_loss(accumulation):
    training = {"precision": "no", "accumulation": accumulation}
    step = make_autoencoder_step(with_alignment(training, **SEMAVOICE))
    mel = MultiScaleMelLoss(step.recipe.reconstruction.mel, 16_000)
    norms = []
    for generator in step.micro_batches(0, step.model, step.align):
        batch = step.crops.draw(step.micro_batches.size, generator)
        output, latents, _ = step.autoencoder(batch.audio)
        losses = step.alignment(latents, batch.features, batch.valid), mel(output, batch.audio)
        norms.append([gradient_norm(loss, step.autoencoder.encoder) for loss in losses])
    aligned, reference = np.array(norms).T
    weight = step(0)["alignment_weight"].item()
    assert len(norms) == accumulation
    assert weight / np.mean(reference / aligned) == pytest.approx(0.5, abs=1e-4)


def test_a_weight_that_follows_the_gradients_does_what_the_same_number_would():
    def update(weight) -> tuple[dict, torch.Tensor]:
        AcceleratorState._reset_state(reset_partial_state=True)
        training = {"precision": "no", "accumulation": 1}
        step = make_autoencoder_step(with_alignment(training, **SEMAVOICE | {"weight": weight}))
        terms = step(0)
        trained = torch.nn.ModuleList(step.trained["autoencoder"])
        return terms, torch.cat([each.detach().flatten() for each in trained.parameters()])

    terms, followed = update(SEMAVOICE["weight"])
    weight = terms["alignment_weight"].item()
    torch.testing.assert_close(update(weight)[1], followed)
    assert not torch.allclose(update(2 * weight)[1], followed)


@pytest.mark.parametrize("how", [{"recompute_activations": True}, {"compile": True}])
def test_the_ratio_is_the_same_however_the_model_is_run(how, monkeypatch):
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager"))
    weights = []
    for training in ({}, how):
        torch._dynamo.reset()
        AcceleratorState._reset_state(reset_partial_state=True)
        step = make_autoencoder_step(with_alignment({"precision": "no", **training}, **SEMAVOICE))
        weights.append(step(0)["alignment_weight"])
    torch.testing.assert_close(*weights, rtol=1e-3, atol=0)


def test_a_gradient_ratio_without_a_mel_term_or_whole_gradients_is_refused():
    data = with_alignment(**SEMAVOICE).model_dump()
    without_mel = {**data, "reconstruction": {**data["reconstruction"], "mel": []}}
    with pytest.raises(ValueError, match=r"gradient_ratio is of the mel term, and reconstruction\.mel is empty"):
        AutoencoderRecipe.model_validate(without_mel)
    AutoencoderRecipe.model_validate(without_mel | {"alignment": {"layer": "last"}})
    with pytest.raises(ValueError, match=r"gradients whole; set training\.sharded: false"):
        with_alignment({"sharded": True, "optimizer": "adamw"}, **SEMAVOICE)


def with_passthrough(share: float) -> AutoencoderRecipe:
    kl = {"weight": 1.0, "target": {"nats": 50.0}, "passthrough": share}
    return AutoencoderRecipe.model_validate({**SMOKE.autoencoder.model_dump(), "kl": kl})


def test_a_rate_target_pulls_on_the_encoder_until_it_is_hit():
    step = make_autoencoder_step(with_passthrough(0.0))
    kl = step.autoencoder.encode(torch.randn(2, 1, 8192) * 0.1).kl()
    for target, pulls in ((0.5 * kl.mean().item(), True), (kl.mean().item(), False)):
        config = KlConfig.model_validate({"weight": 1.0, "target": {"nats": target}})
        term = kl_loss(kl, config, step.autoencoder.latent_dim, frame_rate=15.6)
        gradients = torch.autograd.grad(term, list(step.autoencoder.encoder.parameters()), retain_graph=True)
        assert (sum(gradient.abs().sum() for gradient in gradients) > 1e-3) == pulls


def test_the_asked_share_of_steps_skips_the_bottleneck_the_same_ones_each_time():
    step = make_autoencoder_step(with_passthrough(0.25))
    skipped = [step.passes_through(index) for index in range(2000)]
    assert 0.22 < np.mean(skipped) < 0.28
    assert skipped == [step.passes_through(index) for index in range(2000)]
    assert not any(make_autoencoder_step(with_passthrough(0.0)).passes_through(index) for index in range(100))


@pytest.mark.parametrize("passes", [True, False])
def test_a_step_that_passes_through_decodes_the_mean_and_leaves_the_posteriors_std_alone(passes):
    step = make_autoencoder_step(with_passthrough(0.5))
    index = next(index for index in range(99) if step.passes_through(index) == passes)
    # Of the bottleneck's input, the first half is the mean and the second the scale.
    before = step.autoencoder.encoder.project.bias.detach().clone()
    assert step(index)["kl"] > 0
    moved = (step.autoencoder.encoder.project.bias != before).chunk(2)
    assert moved[0].all() and moved[1].any() != passes


def with_sigma(**kl) -> AutoencoderRecipe:
    bottleneck = {"kind": "sigma", "dim": 4, "std": 0.625, "draw": "normal"}
    return AutoencoderRecipe.model_validate(
        {**SMOKE.autoencoder.model_dump(), "bottleneck": bottleneck, "kl": {"weight": 1.0, **kl}}
    )


def test_a_step_with_a_sigma_bottleneck_adds_the_weighted_mean_square_of_mu():
    weights = {}
    for weight in (0.0, 1e4):
        step = make_autoencoder_step(with_sigma(weight=weight))
        assert step(0)["mean_square"] > 0
        weights[weight] = step.autoencoder.encoder.project.weight.detach().clone()
    assert not torch.equal(*weights.values())


@pytest.mark.parametrize("bottleneck", [{"kind": "sigma", "dim": 4, "std": 0.625, "draw": "normal"},
                                        {"kind": "soft_norm", "dim": 4}])  # fmt: skip
def test_a_rate_to_hit_is_refused_where_no_rate_is_learned(bottleneck):
    data = {**SMOKE.autoencoder.model_dump(), "bottleneck": bottleneck, "kl": {"weight": 1.0, "target": {"nats": 50.0}}}
    with pytest.raises(ValueError, match=r"kl\.target is a rate that a gaussian bottleneck learns"):
        AutoencoderRecipe.model_validate(data)


def test_the_adversary_is_off_during_its_warm_up():
    step = make_autoencoder_step()
    before = [parameter.clone() for parameter in step.adversary.discriminator.parameters()]
    terms = step(0)
    assert "adversarial" not in terms
    assert all(torch.equal(a, b) for a, b in zip(before, step.adversary.discriminator.parameters(), strict=True))
    terms = step(SMOKE.autoencoder.adversary.start)
    assert {"adversarial", "features", "discriminator", "l1", "stft", "mel", "kl"} == terms.keys()
    assert any(not torch.equal(a, b) for a, b in zip(before, step.adversary.discriminator.parameters(), strict=True))


def test_the_adversarial_terms_reach_the_encoder_and_leave_no_gradient_on_the_discriminator():
    step = make_autoencoder_step()
    audio = torch.randn(2, 1, 8192) * 0.1
    output, _, _ = step.model(audio)
    for term in step.adversary.terms(audio, output).values():
        gradients = torch.autograd.grad(term, list(step.autoencoder.encoder.parameters()), retain_graph=True)
        assert sum(gradient.abs().sum() for gradient in gradients) > 0
    parameters = list(step.adversary.discriminator.parameters())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in parameters)


def test_every_kind_of_discriminator_is_trained_and_its_terms_are_summed_if_asked():
    data = SMOKE.autoencoder.model_dump()
    data["training"]["precision"] = "no"  # some processors' bfloat16 convolutions of two channels give NaN (oneDNN)
    data["adversary"] |= {"kind": "least_squares", "start": 0, "normalize": True, "discriminators": [
        {"kind": "period", "periods": [2, 3], "channels": [2, 4]},
        {"kind": "band_stft", "n_ffts": [128], "channels": 2},
        {"kind": "cqt", "hops": [64], "bins_per_octave": [6], "octaves": 3, "f_min": 500, "channels": 2},
        {"kind": "stft", "n_ffts": [128], "channels": 2},
    ]}
    terms = {}
    for reduction in ("mean", "sum"):
        data["adversary"]["reduction"] = reduction
        step = make_autoencoder_step(AutoencoderRecipe.model_validate(data))
        before = [scale.head.bias.detach().clone() for scale in step.adversary.discriminator.scales]
        terms[reduction] = step(0)
        after = [scale.head.bias for scale in step.adversary.discriminator.scales]
        assert len(after) == 5 and not any(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    for name in ("adversarial", "discriminator"):
        torch.testing.assert_close(terms["sum"][name], 5 * terms["mean"][name])
    assert terms["sum"]["features"] > 5 * terms["mean"]["features"]


def test_a_relativistic_adversary_pairs_what_was_recorded_with_what_was_made():
    data = SMOKE.autoencoder.model_dump()
    data["adversary"] |= {"kind": "relativistic", "start": 0}
    step = make_autoencoder_step(AutoencoderRecipe.model_validate(data))
    audio = torch.randn(2, 1, 8192) * 0.1
    # Nothing to tell apart: softplus(0) on both sides.
    terms = step.adversary.terms(audio, audio)
    assert float(terms["adversarial"]) == pytest.approx(np.log(2)) and float(terms["features"]) == 0
    assert float(step.adversary.discriminator_term(audio, audio)) == pytest.approx(np.log(2))
    assert {"adversarial", "discriminator"} <= step(0).keys()


def test_latents_come_back_clip_by_clip(tmp_path):
    posteriors = [(torch.full((n, 2), float(n)), torch.full((n, 2), 1e-6)) for n in (3, 1, 4)]
    save_latents(tmp_path / "latents.safetensors", posteriors, hop=640)
    latents = load_latents(tmp_path / "latents.safetensors")
    assert (latents.dim, latents.hop) == (2, 640)
    assert latents.sample(2).shape == (4, 2)
    torch.testing.assert_close(latents.sample(0), torch.full((3, 2), 3.0), atol=1e-4, rtol=0)
    values = torch.cat([mean for mean, _ in posteriors])
    assert latents.overall_std() == pytest.approx(float(values.std(correction=0)), abs=1e-4)


def test_a_clips_sigma_is_drawn_anew_each_time_it_is_asked_for(tmp_path):
    torch.manual_seed(0)
    posteriors = [(torch.zeros(n, 2), torch.full((n, 2), 0.625)) for n in (500, 300)]
    save_latents(tmp_path / "latents.safetensors", posteriors, hop=640, draw="normal")
    latents = load_latents(tmp_path / "latents.safetensors")
    drawn = torch.stack([latents.sample(1).square().mean().sqrt() for _ in range(2000)])
    assert drawn.min() < 0.01 and drawn.mean().item() == pytest.approx(0.625 * (2 / np.pi) ** 0.5, rel=0.06)
    assert drawn.square().mean().sqrt().item() == pytest.approx(latents.overall_std(), rel=0.06)


def make_examples(tmp_path: Path) -> LatentExamples:
    lengths = (6, 5, 7, 4)
    posteriors = [(torch.randn(n, 8), torch.full((n, 8), 0.1)) for n in lengths]
    save_latents(tmp_path / "latents.safetensors", posteriors, hop=1024)
    clips = [
        Clip(id=str(i), file="", text=f"say {word}", speaker="ab"[i % 2], split="train", seen_speaker=True,
             seconds=1.0, sha256="")
        for i, word in enumerate(("one", "two", "six", "ten"))
    ]
    return LatentExamples(load_latents(tmp_path / "latents.safetensors"), clips, scale=2.0, utterances=2)


def test_examples_join_utterances_of_one_speaker(tmp_path):
    torch.manual_seed(0)
    batch = make_examples(tmp_path).draw(20, np.random.default_rng(0))
    for frames, text in zip(batch.frames.tolist(), batch.texts, strict=True):
        words = text.split()[1::2]
        assert set(words) <= {"one", "six"} or set(words) <= {"two", "ten"}
        assert frames == sum({"one": 6, "two": 5, "six": 7, "ten": 4}[word] for word in words)
    assert batch.latents.shape == (20, max(batch.frames), 8)
    first = [" ".join(text.split()[:2]) for text in batch.texts]
    assert batch.prompts == [(text, {"one": 6, "two": 5, "six": 7, "ten": 4}[text.split()[1]]) for text in first]


F5 = {"kind": "f5", "width": 16, "depth": 2, "heads": 1, "head_dim": 8, "text_positions": "stretched"}
STABLE_AUDIO = {"kind": "stable_audio", "width": 32, "depth": 2, "heads": 2, "memory_tokens": 4}
ARCHITECTURES = [SMOKE.generator.architecture.model_dump(), F5, STABLE_AUDIO]


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda each: each["kind"])
def test_repa_aligns_hidden_states_to_a_teacher(tmp_path, architecture):
    torch.manual_seed(0)
    examples = make_examples(tmp_path)
    examples.targets = [torch.randn(n, 8) for n in examples.latents.offsets.diff().tolist()]
    repa = {"teacher": "teacher", "layer": 1, "weight": 0.5}
    recipe = InfillingRecipe.model_validate(
        {**SMOKE.generator.model_dump(), "architecture": architecture, "repa": repa}
    )
    step = GeneratorStep(GeneratorSpec(corpus={}, autoencoder={}, generator=recipe, seed=0), examples)
    repa = step.objective.helpers["repa"]
    before = repa.projection.weight.clone()
    terms = step(0)
    assert terms.keys() == {"flow", "repa"} and terms["repa"] > 0
    assert not torch.equal(before, repa.projection.weight)
