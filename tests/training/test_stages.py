"""Stages: what is frozen stays as it is to the bit, gradients go where a stage says and nowhere else."""

import itertools

import pytest
import torch

import shared.training.autoencoder as module
from shared.config import ConfigError, differences, digest, parse
from shared.training.recipes import AutoencoderRecipe
from shared.training.stages import Stages, train_only
from shared.training.stages_config import DECODED, StageConfig
from shared.training.terms import total
from tests.training.staged import ALL, DECODER, JOINT, build_noisy, make_step, recipe_of

EVERYTHING = ["reconstruction", "kl", "alignment", "adversarial", "features"]
ALIGNMENT = {"layer": "last", "weight": 2.0}


@pytest.fixture
def noisy(monkeypatch):
    """Every module has BatchNorm, dropout or a running standard deviation."""
    monkeypatch.setattr(module, "build_autoencoder", build_noisy)


def tensors(step, name: str) -> list[torch.Tensor]:
    """Weights, buffers and optimiser state of a module, copied."""
    part = getattr(step.autoencoder, name)
    optimizers = step.optimizers["autoencoder"].values()
    states = [each.state[weight] for weight in part.parameters() for each in optimizers if weight in each.state]
    kept = [*part.state_dict().values(), *(value for state in states for value in state.values())]
    return [value.clone() for value in kept]


def same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return len(one) == len(other) and all(map(torch.equal, one, other))


def gradients(step, index: int) -> dict[str, torch.Tensor | None]:
    """What a step leaves at each parameter, before the update; no update is made."""
    found = {}
    step._update = lambda name: found.update(
        {key: None if each.grad is None else each.grad.clone() for key, each in step.autoencoder.named_parameters()}
    )
    step.autoencoder.zero_grad()
    step(index)
    del step._update
    step.autoencoder.zero_grad()
    return found


SUBSETS = [names for size in (1, 2) for names in itertools.combinations(ALL, size)]


@pytest.mark.parametrize("accumulation", [1, 2])
@pytest.mark.parametrize("trained", SUBSETS, ids="+".join)
def test_what_is_frozen_stays_to_the_bit_and_trains_again_later(noisy, trained, accumulation):
    losses = ["reconstruction", "adversarial", "features"]
    stage = {"steps": 2, "train": trained, "losses": losses}
    step = make_step(recipe_of({**JOINT, "steps": 1}, stage, {"steps": 1, "losses": losses},
                               training={"accumulation": accumulation, "gradient_clip": 1.0}))  # fmt: skip
    step(0)
    frozen = [name for name in ALL if name not in trained]
    before = {name: tensors(step, name) for name in ALL}
    assert all(len(before[name]) > len(getattr(step.autoencoder, name).state_dict()) for name in ALL)
    left = gradients(step, 1)
    assert all((gradient is None) == (name.split(".")[0] in frozen) for name, gradient in left.items())
    step(1)
    step(2)
    for name in ALL:
        assert same(before[name], tensors(step, name)) == (name in frozen), name
        assert getattr(step.autoencoder, name).training == (name in trained)
    step(3)
    assert not any(same(before[name], tensors(step, name)) for name in ALL)


def test_a_frozen_encoder_builds_no_graph_and_says_the_same_each_time(noisy):
    step = make_step(recipe_of(JOINT, {**DECODER, "latent": "mean"}))
    seen = []
    terms = step._terms
    step._terms = lambda made, passes: (seen.append(made), terms(made, passes))[1]
    step(0)
    step(4)
    step(5)
    assert seen[0].latents.requires_grad and not torch.equal(seen[0].latents, seen[0].posterior.mean)
    audio = seen[1].batch.audio
    for made in seen[1:]:
        assert not made.latents.requires_grad and not made.posterior.std.requires_grad and made.output.requires_grad
        assert torch.equal(made.latents, made.posterior.mean)
    posteriors = [step.model(audio)[2] for _ in range(2)]
    assert all(map(torch.equal, *posteriors))


def test_a_frozen_encoder_still_samples_unless_the_stage_says_otherwise(noisy):
    step = make_step(recipe_of(JOINT, DECODER))
    step(4)
    audio = torch.randn(2, 1, 1024)
    (_, one, posterior), (_, other, _) = step.model(audio), step.model(audio)
    assert not torch.equal(one, other) and not torch.equal(one, posterior.mean)


def reference(step, index: int, kept_off: tuple[str, ...]) -> dict[str, torch.Tensor]:
    """Gradients by torch.autograd.grad: of all terms in the decoder, of those that aren't kept off elsewhere."""
    named = dict(step.autoencoder.named_parameters())
    sums = {name: torch.zeros_like(each) for name, each in named.items()}
    step._enter(index)
    step.kept_off = frozenset()  # or the alignment would hear a latent without its history
    for generator in step.micro_batches(index, step.model):
        batch = step.crops.draw(step.micro_batches.size, generator)
        made = module.Reconstructed(batch, *step.model(batch.audio))
        terms, _ = step._terms(made, passes=False)
        for name, term in terms.items():
            here = {key: each for key, each in named.items() if name not in kept_off or key.startswith("decoder")}
            found = torch.autograd.grad(
                total([term]), list(here.values()), retain_graph=True, allow_unused=True, materialize_grads=True
            )
            for key, gradient in zip(here, found, strict=True):
                sums[key] += gradient / step.recipe.training.accumulation
    return sums


KEPT_OFF = [names for size in range(5) for names in itertools.combinations([*DECODED, "alignment"], size)]


@pytest.mark.parametrize("kept_off", KEPT_OFF, ids=lambda names: "+".join(names) or "nothing")
def test_each_losss_gradient_goes_where_the_stage_says(kept_off):
    stage = {"steps": 2, "losses": EVERYTHING, "kept_off_encoder": kept_off, "weights": {"kl": 0.1, "features": 3.0}}
    step = make_step(recipe_of(stage, alignment=ALIGNMENT, training={"accumulation": 1 + len(kept_off) % 2}))
    expected, found = reference(step, 0, kept_off), gradients(step, 0)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-5 * gradient.abs().max().item(), msg=name)
        assert gradient.abs().max() > 0


@pytest.mark.parametrize("loss", ["reconstruction", "adversarial", "features"])
def test_of_a_loss_that_is_kept_off_nothing_at_all_reaches_the_encoder(loss):
    def left(weight: float) -> dict[str, torch.Tensor]:
        others = {name: 1.0 for name in DECODED if name != loss}
        stage = {"steps": 2, "losses": EVERYTHING, "kept_off_encoder": [loss], "weights": {**others, loss: weight}}
        return gradients(make_step(recipe_of(stage, alignment=ALIGNMENT)), 0)

    one, other = left(1.0), left(1e4)
    for name, gradient in one.items():
        assert torch.equal(gradient, other[name]) == name.startswith("encoder"), name


def test_without_losses_that_pass_the_decoder_the_encoder_learns_from_the_rest_alone():
    kept = ("reconstruction", "adversarial", "features")
    stage = {"steps": 2, "losses": ["kl", *kept], "kept_off_encoder": kept}
    alone = gradients(make_step(recipe_of({"steps": 2, "train": ["encoder"], "losses": ["kl"]})), 0)
    found = gradients(make_step(recipe_of(stage)), 0)
    assert all(torch.equal(found[name], each) for name, each in alone.items() if name.startswith("encoder"))


@pytest.mark.parametrize("precision", ["no", "bf16"])
@pytest.mark.parametrize("recompute_activations", [False, True])
def test_routing_goes_with_autocast_and_recomputed_activations(precision, recompute_activations):
    how = {"precision": precision, "recompute_activations": recompute_activations}
    stage = {"steps": 2, "losses": EVERYTHING, "kept_off_encoder": ["adversarial"]}
    step = make_step(recipe_of(stage, alignment=ALIGNMENT, training=how))
    before = {name: tensors(step, name) for name in ("encoder", "decoder")}
    assert all(torch.isfinite(value) for value in step(0).values())
    assert not any(same(before[name], tensors(step, name)) for name in before)


def test_a_stages_weights_stand_in_for_the_recipes():
    weights = {"reconstruction": 2.0, "kl": 3.0, "alignment": 4.0, "adversarial": 5.0, "features": 6.0}
    plain, weighted = {"steps": 1, "losses": EVERYTHING}, {"steps": 1, "losses": EVERYTHING, "weights": weights}
    step = make_step(recipe_of(plain, weighted, alignment=ALIGNMENT))
    found = []
    terms = step._terms
    step._terms = lambda made, passes: (found.append(terms(made, passes)), found[-1])[1]
    step._update = lambda name: None
    step(0), step(1)
    given = {"reconstruction": 1.0, "alignment": 2.0, "adversarial": 0.1, "features": 5.0}
    for (each, log), expected in zip(found, (given, weights), strict=True):
        assert {name: each[name].weight for name in given} == {name: expected[name] for name in given}
        assert each["kl"].value.item() == pytest.approx(expected.get("kl", 0.01) * log["kl"].item())


def test_the_discriminator_trains_where_a_loss_of_its_own_is_on_and_terms_are_logged_by_name():
    only = {"steps": 1, "losses": ["reconstruction", "features"]}
    step = make_step(recipe_of({**JOINT, "steps": 1}, only, {"steps": 1, "losses": ["reconstruction"]}))
    moved, logged = [], []
    for index in range(3):
        before = [each.clone() for each in step.adversary.discriminator.parameters()]
        logged.append(set(step(index)))
        moved.append(not same(before, list(step.adversary.discriminator.parameters())))
    assert moved == [False, True, False]
    spectral = {"l1", "stft", "mel", "kl"}
    assert logged == [spectral, spectral | {"features", "discriminator"}, spectral]


def test_steps_belong_to_stages_and_rates_run_over_a_stage_or_over_all():
    own = {"peak": 1e-4, "final": 1e-5}
    stages = Stages(recipe_of(JOINT, {**DECODER, "steps": 6, "learning_rate": own}, {**DECODER, "steps": 1}))
    assert stages.starts == [0, 4, 10]
    assert [stages.stages.index(stages.at(step)) for step in range(11)] == [0] * 4 + [1] * 6 + [2]
    rates = [stages.learning_rate(step) for step in range(11)]
    assert rates[0] == 1e-3 and rates[3] == pytest.approx(1e-3 - 9e-4 * 3 / 10)
    assert rates[4] == 1e-4 and rates[9] == pytest.approx(1e-5)
    assert rates[10] == pytest.approx(1e-4)


def test_a_recipe_without_stages_has_the_ones_that_its_adversary_makes():
    data = recipe_of(JOINT).model_dump() | {"stages": (), "alignment": ALIGNMENT}
    (only,) = Stages(AutoencoderRecipe.model_validate(data)).stages
    assert (only.losses, only.train) == (("reconstruction", "kl", "alignment"), ALL)
    for start, starts in ((0, [0]), (3, [0, 3])):
        adversary = {"discriminators": [{"kind": "stft", "n_ffts": [128], "channels": 2}], "start": start}
        stages = Stages(AutoencoderRecipe.model_validate(data | {"adversary": adversary}))
        assert stages.starts == starts
        assert [stage.adversarial for stage in stages.stages] == [False, True][-len(starts) :]
        assert not stages.freeze_some and not stages.split_gradients


def test_a_recipe_that_has_no_stages_is_hashed_as_if_there_were_none():
    data = recipe_of(JOINT).model_dump(mode="json")
    plain = AutoencoderRecipe.model_validate({name: each for name, each in data.items() if name != "stages"})
    assert not {"stages", "snapshots"} & differences(plain).keys()
    staged = recipe_of(JOINT, DECODER)
    assert digest(differences(staged)) != digest(differences(plain))
    assert AutoencoderRecipe.model_validate(staged.model_dump(mode="json")) == staged


def test_freezing_leaves_other_parts_of_a_model_alone():
    autoencoder = build_noisy(recipe_of(JOINT))
    autoencoder.transform = torch.nn.BatchNorm1d(2)
    train_only(autoencoder, ["decoder"])
    assert autoencoder.transform.training and autoencoder.transform.weight.requires_grad
    assert not any(each.requires_grad for each in autoencoder.encoder.parameters())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train": ["encodr"]}, r"train\.0: Input should be 'encoder', 'bottleneck' or 'decoder'"),
        ({"train": []}, "train: .*at least 1 item"),
        ({"losses": []}, "losses: .*at least 1 item"),
        ({"losses": ["mel"]}, r"train names the decoder, and no loss reaches it \(of mel\); add one of reconstruction"),
        ({"weights": {"features": 1.0}}, "weights names features, which is not among the stage's losses"),
        ({"kept_off_encoder": ["features"]}, "kept_off_encoder names features, which is not among"),
        ({"kept_off_encoder": ["kl"]}, "kl, which is of the encoder alone"),
        ({"train": ["decoder"]}, "kl has nothing to change where encoder and bottleneck are frozen"),
        ({"train": ["decoder"], "losses": ["alignment", "features"]}, "alignment has nothing to change"),
        ({"train": ["decoder"], "losses": ["features"], "kept_off_encoder": ["features"]}, "encoder that is frozen"),
        ({"losses": ["kl"]}, "train names the decoder, and no loss reaches it"),
        ({"losses": ["features"], "kept_off_encoder": ["features"]}, "every loss is kept off the encoder"),
        ({"freeze": True}, "freeze: unknown key"),
    ],
)
def test_a_stage_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        parse(StageConfig, {**JOINT, **change}, "test")


WHOLE = {"steps": 4, "losses": EVERYTHING}
RATIO = {"layer": "last", "weight": {"gradient_ratio": 0.5}}


@pytest.mark.parametrize(
    ("stages", "changes", "message"),
    [
        ([JOINT, DECODER], {"training": {"steps": 9}}, "add up to 8, and training.steps is 9"),
        ([JOINT, DECODER], {"adversary": None}, r"stages\.1\.losses names the adversary's, and adversary is null"),
        ([{**JOINT, "losses": ["kl", "reconstruction", "alignment"]}], {}, r"stages\.0\.losses names alignment"),
        ([JOINT, DECODER], {"alignment": ALIGNMENT}, "no stage has alignment among its losses"),
        ([{**WHOLE, "kept_off_encoder": ["alignment"]}], {"alignment": RATIO}, r"stages\.0: .*no loss kept off it"),
        ([{**WHOLE, "losses": EVERYTHING[1:]}], {"alignment": RATIO}, "with reconstruction on"),
    ],
)
def test_stages_that_do_not_fit_the_recipe_are_refused(stages, changes, message):
    with pytest.raises(ValueError, match=message):
        recipe_of(*stages, **changes)


def test_the_adversarys_start_is_said_once():
    adversary = {"discriminators": [{"kind": "stft", "n_ffts": [128], "channels": 2}]}
    with pytest.raises(ValueError, match=r"both say when the adversary starts; drop adversary\.start"):
        recipe_of(JOINT, DECODER, adversary={**adversary, "start": 4})
    plain = recipe_of(JOINT).model_dump() | {"stages": (), "adversary": adversary}
    with pytest.raises(ValueError, match=r"adversary\.start is missing"):
        AutoencoderRecipe.model_validate(plain)
    with pytest.raises(ValueError, match="no stage has adversarial or features"):
        AutoencoderRecipe.model_validate(recipe_of(JOINT).model_dump() | {"adversary": adversary})


def test_a_weight_by_gradient_ratio_goes_with_stages_that_train_the_encoder():
    losses = ["reconstruction", "kl", "alignment"]
    step = make_step(recipe_of({"steps": 4, "losses": losses}, DECODER, alignment=RATIO))
    assert "alignment_weight" in step(0)
    assert "alignment" not in step(4)


def test_a_stage_that_trains_nothing_is_refused():
    stage = {"steps": 4, "train": ["bottleneck"], "losses": ["reconstruction"]}
    with pytest.raises(ConfigError, match=r"stages\.1\.train: bottleneck has no parameters"):
        make_step(recipe_of(JOINT, stage))
