"""Shaping losses in a real training: when they reach the encoder, what they leave alone, and how they resume."""

from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState

from shared.config import ConfigError, differences, digest
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, store_audio, write_manifest
from shared.training.autoencoder import AutoencoderSpec, AutoencoderStep, train_autoencoder
from shared.training.crops import Crops
from shared.training.loop import NonFiniteLossError, _check_finite
from shared.training.recipes import AutoencoderRecipe
from shared.training.shaping import load_texts
from tests.training.staged import HOP, RATE, RECIPE, recipe_of

DETACH = 2
TINY = {"weight": 1.0, "detach_steps": DETACH}
PROBE = {**TINY, "width": 8, "depth": 1, "heads": 1, "time_features": 4}
SEMANTIC = {**TINY, "chroma_bins": 12, "level_difference": 0}
READS = {"kind": "characters", "dim": 4}
CRITIC = {**TINY, "width": 8, "depth": 1, "head_dim": 8, "wavelet_levels": 3, "text": READS}
SHAPING = {"generative_probe": PROBE, "semantic": SEMANTIC, "contrastive": CRITIC}
NAMES = tuple(SHAPING)
JOINT = ["reconstruction", "kl"]
TEXTS = ["rain", "a low bell", "wind"]


def shaped(*names: str, training: dict | None = None, shaping: dict | None = None, **changes) -> AutoencoderRecipe:
    """A recipe without stages and adversary, with these of the shaping losses."""
    data = {**RECIPE, "alignment": None, "adversary": None, **changes}
    data["training"] = RECIPE["training"] | (training or {})
    if names or shaping:
        data["shaping"] = {name: SHAPING[name] for name in names} | (shaping or {})
    return AutoencoderRecipe.model_validate(data)


def make_step(recipe: AutoencoderRecipe, seconds: float = 1.25, texts: list[str] = TEXTS) -> AutoencoderStep:
    """A step on captioned noise, the same at every call; no branch of a transformer is zero, as all are at first."""
    AcceleratorState._reset_state(reset_partial_state=True)
    torch.manual_seed(0)
    waveforms = [np.random.default_rng(0).normal(size=round(seconds * RATE)).astype(np.float32) * 0.1] * len(texts)
    step = AutoencoderStep(recipe, Crops(waveforms, 1024, HOP, texts=texts), RATE, seed=0)
    for module in step.helpers.values():
        for name, weight in module.named_parameters():
            if name.endswith("out.weight"):
                torch.nn.init.normal_(weight, std=0.5)
    return step


def tensors(*modules: torch.nn.Module) -> dict[str, torch.Tensor]:
    named = enumerate(modules)
    return {f"{number}.{name}": each.clone() for number, module in named for name, each in module.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(each, other[name]) for name, each in one.items())


def encoder_gradient(step: AutoencoderStep, index: int) -> torch.Tensor:
    """Of a whole step, before its update, which is not made."""
    found = []
    encoder = step.autoencoder.encoder
    step._update = lambda name: found or found.append(torch.cat([each.grad.flatten() for each in encoder.parameters()]))
    step(index)
    return found[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_encoder_learns_from_each_after_its_detach_period_in_proportion_to_its_weight(name):
    def gradient(weight: float | None, index: int) -> torch.Tensor:
        shaping = {} if weight is None else {name: SHAPING[name] | {"weight": weight}}
        return encoder_gradient(make_step(shaped(shaping=shaping)), index)

    assert torch.equal(gradient(5.0, DETACH - 1), gradient(None, DETACH - 1))
    base = gradient(None, DETACH)
    # Much of it, since the rest is rounded as finely as the whole is large.
    one, five = (gradient(weight, DETACH) - base for weight in (1e3, 5e3))
    assert one.abs().max() > 1e-4 * base.abs().max()
    torch.testing.assert_close(five, 5 * one, rtol=1e-3, atol=1e-4 * five.abs().max().item())


def test_until_the_encoder_learns_from_them_they_train_and_change_nothing_about_the_autoencoder():
    training = {"gradient_clip": 0.5, "accumulation": 2}
    recipe = shaped(*NAMES, training=training, shaping={name: SHAPING[name] | {"detach_steps": 4} for name in NAMES})
    without, step = make_step(shaped(training=training)), make_step(recipe)
    helpers = {name: tensors(each) for name, each in step.helpers.items()}
    for index in range(3):
        without(index), step(index)
    assert same(tensors(without.autoencoder), tensors(step.autoencoder))
    assert helpers.keys() == {*NAMES}
    assert not any(same(before, tensors(step.helpers[name])) for name, before in helpers.items())
    step(4)
    without(4)
    assert not same(tensors(without.autoencoder), tensors(step.autoencoder))


def test_each_trains_in_the_stages_that_have_it_on():
    stages = [{"steps": 1, "losses": [*JOINT, name]} for name in NAMES]
    last = [{"steps": 1, "train": ["decoder"], "losses": ["reconstruction"]}]
    shaping = {name: SHAPING[name] | {"detach_steps": 0} for name in NAMES}
    step = make_step(recipe_of(*stages, *last, shaping=shaping))
    for index, trained in enumerate([*NAMES, None]):
        before = {name: tensors(step.helpers[name]) for name in NAMES}
        logged = step(index)
        for name in NAMES:
            assert same(before[name], tensors(step.helpers[name])) == (name != trained), (index, name)
            assert (name in logged) == (name == trained)


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_weighs_each_and_keeps_it_off_the_encoder(name):
    def gradient(**stage) -> torch.Tensor:
        shaping = {name: SHAPING[name] | {"weight": 100.0}}
        recipe = recipe_of({"steps": 4, "losses": [*JOINT, name], **stage}, shaping=shaping)
        return encoder_gradient(make_step(recipe), DETACH)

    kept_off, one, three = gradient(kept_off_encoder=[name]), gradient(), gradient(weights={name: 300.0})
    assert torch.equal(kept_off, encoder_gradient(make_step(recipe_of({"steps": 4, "losses": JOINT})), DETACH))
    assert not torch.equal(one, kept_off)
    added = 3 * (one - kept_off)
    torch.testing.assert_close(three - kept_off, added, rtol=1e-2, atol=1e-2 * added.abs().max().item())


@pytest.mark.parametrize("bottleneck", [{"dim": 4}, {"kind": "soft_norm", "dim": 4}], ids=["gaussian", "soft_norm"])
def test_they_see_the_latent_that_is_decoded_and_no_noise_of_the_decoders_input(bottleneck):
    step = make_step(shaped("generative_probe", bottleneck=bottleneck))
    seen, made = [], []
    step.shaping.modules["generative_probe"].register_forward_hook(lambda _, given, __: seen.append(given[0]))
    step.autoencoder.register_forward_hook(lambda _, __, output: made.append(output))
    step(DETACH)
    _, latents, posterior = made[0]
    assert torch.equal(seen[0], latents)
    assert torch.equal(latents, posterior.mean) == ("kind" in bottleneck)


def test_the_critic_hears_the_text_of_each_crop():
    step = make_step(shaped("contrastive"))
    read, heard = [], []
    loss = step.shaping.modules["contrastive"]
    loss.text_encoder.register_forward_hook(lambda _, given, output: read.append((*given, output)))
    loss.critic.register_forward_hook(lambda _, given, __: heard.append(given))
    batches = []
    draw = step.crops.draw
    step.crops.draw = lambda *given: (batches.append(draw(*given)), batches[-1])[1]
    step(0)
    assert read[0][0] == batches[0].texts and set(batches[0].texts) <= set(TEXTS)
    assert heard[0][2] is read[0][1] and torch.equal(heard[0][1], batches[0].audio)


def test_sigma_follows_the_mean_over_micro_batches_after_the_step():
    step = make_step(shaped("generative_probe", training={"accumulation": 2}))
    stds = []
    probe = step.shaping.modules["generative_probe"]
    probe.register_forward_hook(lambda _, given, __: stds.append((given[0].std().item(), probe.sigma.item())))
    step(0)
    (one, before), (other, still) = stds
    assert before == still == 1 and one != other
    assert probe.sigma.item() == pytest.approx(0.99 + 0.01 * (one + other) / 2, rel=1e-6)


def test_the_regressors_learn_the_same_however_a_batch_is_split():
    """Of equal examples. The probe draws noise for each micro-batch, and the critic's negatives lie inside one."""
    stage = {"steps": 4, "losses": ["reconstruction", "semantic"], "latent": "mean"}
    gradients = [
        encoder_gradient(
            make_step(
                recipe_of(stage, shaping={"semantic": SEMANTIC}, training={"accumulation": accumulation}), 1024 / RATE
            ),
            DETACH,
        )
        for accumulation in (1, 2)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-5 * gradients[0].abs().max().item())


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_that_is_not_finite_is_named(name):
    step = make_step(shaped(name))
    with torch.no_grad():
        next(step.shaping.modules[name].parameters()).fill_(torch.nan)
    losses = {term: float(value) for term, value in step(0).items()}
    with pytest.raises(NonFiniteLossError, match=f"step 0: loss is not finite: .'{name}': nan"):
        _check_finite("autoencoder", 0, losses)


def test_a_recipe_without_shaping_is_hashed_as_if_there_were_none():
    plain, probe = shaped(), shaped("generative_probe")
    assert "shaping" not in differences(plain) and digest(differences(plain)) != digest(differences(probe))
    assert probe.model_dump(mode="json")["shaping"].keys() == {"generative_probe"}
    assert AutoencoderRecipe.model_validate(probe.model_dump(mode="json")) == probe


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: shaped(shaping={"semantics": SEMANTIC}), "no kind 'semantics'; did you mean 'semantic'"),
        (lambda: shaped(shaping={"kl": {"kind": "semantic", **SEMANTIC}}), "there is a loss of this name already"),
        (lambda: shaped(shaping={"semantic": {**SEMANTIC, "level_difference": 0.1}}), "autoencoder has 1; set it to 0"),
        (lambda: shaped("contrastive", training={"accumulation": 4}), "micro-batch, which here is one"),
        (
            lambda: shaped(shaping={"generative_probe": {**PROBE, "detach_steps": 8}}),
            r"probe\.detach_steps 8 lies past the last",
        ),
        (
            lambda: recipe_of({"steps": 2, "losses": [*JOINT, "generative_probe"]}, {"steps": 4, "losses": JOINT},
                              shaping={"generative_probe": PROBE}),
            r"shaping\.generative_probe\.detach_steps 2 lies past",
        ),
        (
            lambda: recipe_of({"steps": 4, "losses": [*JOINT, "generative_probe"]}),
            r"names generative_probe, and the recipe has no shaping\.generative_probe; known: adversarial, alignment,",
        ),
        (
            lambda: recipe_of({"steps": 4, "losses": [*JOINT, "semantics"]}, shaping={"semantic": SEMANTIC}),
            r"names semantics, and the recipe has no shaping\.semantics; did you mean 'semantic'",
        ),
        (
            lambda: recipe_of({"steps": 4, "losses": JOINT}, shaping={"generative_probe": PROBE}),
            "no stage has generative_probe among",
        ),
        (
            lambda: recipe_of({"steps": 4, "train": ["decoder"], "losses": ["reconstruction", "semantic"]},
                              shaping={"semantic": SEMANTIC}),
            "semantic has nothing to change where encoder and bottleneck are frozen",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_one_that_is_null_or_weighs_nothing_is_as_if_it_were_not_there():
    assert shaped(shaping={"semantic": None, "contrastive": {**CRITIC, "weight": 0}}) == shaped()


def test_wavelets_that_do_not_fit_the_crops_are_refused():
    with pytest.raises(ConfigError, match=r"wavelet_levels: crops of 1024 samples can't be halved 11 times"):
        make_step(shaped(shaping={"contrastive": {**CRITIC, "wavelet_levels": 11}}))


def write_corpus(folder: Path, *texts: str) -> Path:
    noise = np.random.default_rng(0).normal(size=3000).astype(np.float32) / 10
    clips = []
    for number, text in enumerate(texts):
        file = store_audio(folder, str(number), noise[100 * number :], RATE)
        clips.append(Clip(id=str(number), text=text, speaker=None, split="train", seen_speaker=True, **file))
    write_manifest(folder / "manifest.json", RATE, clips, [])
    return folder / "manifest.json"


def test_texts_come_in_the_order_of_the_clips_and_one_that_is_missing_is_named(tmp_path):
    one, other = write_corpus(tmp_path / "one", "rain", "wind"), write_corpus(tmp_path / "other", "bell", " ")
    assert load_texts([Corpus(one), Corpus(one)], "train") == ["rain", "wind", "rain", "wind"]
    with pytest.raises(ConfigError, match="1 of 4 clips have no text, such as 1; drop"):
        load_texts([Corpus(one), Corpus(other)], "train")


class Killed(Exception):
    pass


def test_a_run_killed_before_and_after_the_detach_period_ends_bit_identical(tmp_path, monkeypatch):
    corpus = write_corpus(tmp_path / "corpus", *TEXTS)
    training = {"steps": 5, "checkpoint_every": 1, "accumulation": 2, "gradient_clip": 1.0, "ema": 0.9}
    recipe = shaped(*NAMES, training=training)

    def train(name: str) -> tuple[bytes, dict]:
        AcceleratorState._reset_state(reset_partial_state=True)
        spec, folder = AutoencoderSpec(corpora=[{}], autoencoder=recipe, seed=0), tmp_path / name
        train_autoencoder(spec, [corpus], None, folder / "checkpoints", "", folder / "model.safetensors")
        state = torch.load(folder / "checkpoints/checkpoint.pt", weights_only=True)["state"]
        return (folder / "model.safetensors").read_bytes(), state["modules"]

    weights, modules = train("straight")
    assert modules.keys() == {"model", *NAMES}
    whole = AutoencoderStep.__call__
    for stop in (1, 3):

        def stopped(self, index, stop=stop):
            if index == stop:
                raise Killed
            return whole(self, index)

        monkeypatch.setattr(AutoencoderStep, "__call__", stopped)
        with pytest.raises(Killed):
            train("killed")
    monkeypatch.setattr(AutoencoderStep, "__call__", whole)
    resumed, others = train("killed")
    assert resumed == weights
    assert all(torch.equal(each, others[name][key]) for name in modules for key, each in modules[name].items())
