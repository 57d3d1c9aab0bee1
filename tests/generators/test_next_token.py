"""Next-token models: every legal config, published sizes, causality, the loss and what learns from it."""

import itertools
from pathlib import Path

import pytest
import torch
from transformers import Qwen2Config as Qwen2Sizes
from transformers import Qwen2Model, Qwen2Tokenizer

from shared.config import ConfigError
from shared.generators.builder import build_generator, count_parameters, meta_generator
from shared.generators.next_token_config import NextTokenConfig, NextTokenLossConfig
from tests.generators.next_token_models import BACKBONE, DIM, LATENTLM, LOCAL, MLP, SEMAVOICE, make_generator

LATENTS = torch.randn(2, 7, DIM, generator=torch.Generator().manual_seed(0))
FRAMES = torch.tensor([7, 5])
TEXTS = ["ab", "abcd"]
LOSS = NextTokenLossConfig(history_noise=0.3)
HEADS = MLP, LOCAL, LOCAL | {"history": False}
EVERY = list(itertools.product(HEADS, (1, 2, 3), ("epsilon", "v_prediction"), ("before", "beside", "paced")))


@pytest.mark.parametrize(("head", "patch", "prediction", "positions"), EVERY)
def test_every_legal_config_is_built_and_each_of_its_weights_learns(head, patch, prediction, positions):
    config = {"kind": "next_token", "backbone": BACKBONE, "head": head, "patch": patch, "prediction": prediction}
    generator = make_generator(NextTokenConfig.model_validate({**config, "text_positions": positions}))
    losses = generator.train()(LATENTS, FRAMES, TEXTS, LOSS)
    (losses["diffusion"] + losses["end"]).backward()
    without = [name for name, each in generator.named_parameters() if each.grad is None or not each.grad.any()]
    spared = {"null"}  # no state may have been dropped
    if not head.get("history", True) and patch == 1:
        # What attends to itself alone does so whatever its query and key are: their gradients are rounding, or zero.
        spared |= {name for name in without if name.startswith("head.") and (".query" in name or ".key" in name)}
    assert set(without) <= spared


def test_latentlms_paper_scale_has_the_published_size():
    sizes = {"width": 1024, "depth": 24, "heads": 16, "feed_forward": 4}
    config = NextTokenConfig.model_validate({**LATENTLM.model_dump(), "backbone": BACKBONE | sizes})
    layers = meta_generator(config, 64).backbone.decoder.layers
    assert count_parameters(layers) == 24 * (4 * 1024**2 + 3 * 1024 * 4096 + 2 * 1024)


def test_semavoices_backbone_has_qwens_official_count():
    config = NextTokenConfig.model_validate({**SEMAVOICE.model_dump(), "backbone": {"kind": "qwen2"}})
    assert count_parameters(meta_generator(config, 32).backbone) == 1_543_714_304


@pytest.fixture
def qwen(tmp_path) -> dict:
    """The config of a small Qwen2, which lies in a folder as on the hub."""
    torch.manual_seed(1)
    sizes = Qwen2Sizes(vocab_size=384, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
                       num_attention_heads=4, num_key_value_heads=2)
    Qwen2Model(sizes).save_pretrained(tmp_path / "qwen")
    # Byte-level, without merges: "Ġ" stands for a space.
    tokens = ["<|endoftext|>", "a", "b", "c", "d", "Ġ"]
    tokenizer = Qwen2Tokenizer(vocab={token: index for index, token in enumerate(tokens)}, merges=[])
    tokenizer.save_pretrained(tmp_path / "qwen")
    return {"kind": "qwen2", "model": str(tmp_path / "qwen"), "width": 16, "depth": 2, "heads": 4,
            "key_value_heads": 2, "feed_forward": 24, "vocabulary": 384, "rope_base": 1e4}


def test_a_language_model_from_a_folder_is_trained_on(qwen):
    config = NextTokenConfig.model_validate({**SEMAVOICE.model_dump(), "backbone": qwen})
    generator = build_generator(config, DIM)
    generator.backbone.load_pretrained()
    original = Qwen2Model.from_pretrained(qwen["model"])
    ids = [1, 2, 5, 3, 4]
    assert generator.backbone.tokens("ab cd") == ids and generator.backbone.tokens("") == [0]
    (embedded,) = generator.backbone.embed(["ab cd"])
    hidden = generator.backbone(embedded[None], torch.arange(5.0)[None], torch.ones(1, 5, dtype=torch.long))
    torch.testing.assert_close(hidden, original(torch.tensor([ids])).last_hidden_state)
    generator(LATENTS, FRAMES, TEXTS, LOSS)["end"].backward()
    assert all(each.grad is not None for each in generator.backbone.parameters())


def test_a_pickled_language_model_is_refused(qwen):
    folder = Path(qwen["model"])
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    config = NextTokenConfig.model_validate({**SEMAVOICE.model_dump(), "backbone": qwen})
    with pytest.raises(ConfigError, match=r"model .*/qwen: .*model\.safetensors"):
        build_generator(config, DIM).backbone.load_pretrained()


def test_in_bfloat16_on_a_cpu_the_backbone_attends_in_float32(monkeypatch):
    attend, seen = torch.nn.functional.scaled_dot_product_attention, set()

    def spy(query, key, value, **settings):
        seen.update({query.dtype, key.dtype, value.dtype})
        return attend(query, key, value, **settings)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", spy)
    backbone = make_generator().backbone
    with torch.autocast("cpu", torch.bfloat16):
        mask = torch.ones(1, 5, dtype=torch.long)
        backbone(torch.randn(1, 5, 16), torch.arange(5.0)[None], mask).sum().backward()
    assert seen == {torch.float32}


def test_sizes_that_are_not_the_language_models_are_refused(qwen):
    config = NextTokenConfig.model_validate({**SEMAVOICE.model_dump(), "backbone": qwen | {"feed_forward": 32}})
    with pytest.raises(ConfigError, match=r"backbone\.feed_forward: 32 is not that of .*; set it to 24"):
        build_generator(config, DIM).backbone.load_pretrained()


@pytest.mark.parametrize("positions", ["before", "beside", "paced"])
def test_a_later_frame_changes_no_earlier_state_and_an_earlier_one_does(positions):
    generator = make_generator(LATENTLM.model_copy(update={"text_positions": positions}))
    patches, counts = generator.patches(LATENTS), torch.tensor([7, 5])
    before = generator.states(patches, counts, TEXTS)
    changed = patches.clone()
    changed[:, 3] += 1
    after = generator.states(changed, counts, TEXTS)
    # State k comes before patch k, and so patch 3 is first seen by state 4.
    torch.testing.assert_close(after[:, :4], before[:, :4])
    assert (after[0, 4:] - before[0, 4:]).abs().amax(dim=-1).min() > 1e-4
    other_text = generator.states(patches, counts, ["ad", TEXTS[1]])
    assert (other_text[0] - before[0]).abs().amax(dim=-1).min() > 1e-4
    torch.testing.assert_close(other_text[1], before[1])


@pytest.mark.parametrize("config", [LATENTLM, SEMAVOICE])
def test_the_loss_of_an_example_does_not_depend_on_the_padding_of_its_batch(config, monkeypatch):
    generator = make_generator(config)
    # The same noise and time for every frame, however many there are.
    monkeypatch.setattr(generator.diffusion, "draw", lambda data: (
        *generator.diffusion.noised(data, torch.ones_like(data), torch.full((len(data),), 400)),
        torch.full((len(data),), 0.4),
    ))
    quiet = NextTokenLossConfig(condition_dropout=0.0)
    alone = generator(LATENTS[1:, :5], FRAMES[1:], TEXTS[1:], quiet)
    twice = generator(LATENTS[1:].repeat(2, 1, 1), FRAMES[1:].repeat(2), TEXTS[1:] * 2, quiet)
    for name, value in alone.items():
        torch.testing.assert_close(twice[name], value)


def test_the_loss_is_zero_where_the_head_is_right_and_speech_ends_where_it_ends(monkeypatch):
    generator = make_generator()
    data = LATENTS[:1]
    noise = torch.zeros_like(data[0].unsqueeze(1)).repeat(4, 1, 1)
    steps = torch.full((28,), 400)
    noisy, target = generator.diffusion.noised(data[0].unsqueeze(1).repeat(4, 1, 1), noise, steps)
    monkeypatch.setattr(generator.diffusion, "draw", lambda _: (noisy, target, steps / 1000))
    monkeypatch.setattr(generator, "head", torch.nn.Identity())
    generator.head.forward = lambda *_: target
    ends = torch.tensor([[-50.0] * 7 + [50.0]]).unsqueeze(-1)
    monkeypatch.setattr(generator, "end", torch.nn.Identity())
    generator.end.forward = lambda states: ends
    losses = generator(data, FRAMES[:1], TEXTS[:1], NextTokenLossConfig())
    assert losses["diffusion"] == 0 and losses["end"] < 1e-12
    generator.end.forward = lambda states: ends.roll(1, dims=1)
    assert generator(data, FRAMES[:1], TEXTS[:1], NextTokenLossConfig())["end"] > 1


def test_history_is_noised_and_targets_are_not(monkeypatch):
    generator = make_generator()
    seen = {}
    states = generator.states
    draw = generator.diffusion.draw
    monkeypatch.setattr(generator, "states", lambda each, *rest: seen.update(history=each) or states(each, *rest))
    monkeypatch.setattr(generator.diffusion, "draw", lambda data: seen.update(data=data) or draw(data))
    latents = LATENTS.repeat(100, 1, 1)
    generator(latents, FRAMES.repeat(100), TEXTS * 100, NextTokenLossConfig(history_noise=0.3, timesteps=1))
    noise = (seen["history"].squeeze(2) - latents)[::2].std(dim=(1, 2))
    assert 0.1 < noise.mean() < 0.2 and noise.min() < 0.06 and noise.max() < 0.45  # uniform shares up to 0.3
    assert torch.equal(seen["data"][:7, 0], latents[0])


@pytest.mark.parametrize("config", [LATENTLM, SEMAVOICE])
def test_a_few_steps_lower_the_loss_of_one_batch(config):
    generator = make_generator(config).train()
    torch.nn.init.zeros_(generator.end.bias)
    optimizer = torch.optim.Adam(generator.parameters(), lr=1e-2)
    history = []
    for _ in range(40):
        losses = generator(LATENTS.repeat(4, 1, 1), FRAMES.repeat(4), TEXTS * 4, NextTokenLossConfig())
        optimizer.zero_grad()
        (losses["diffusion"] + losses["end"]).backward()
        optimizer.step()
        history.append([each.item() for each in losses.values()])
    first, last = torch.tensor(history[:5]).mean(0), torch.tensor(history[-5:]).mean(0)
    assert (last < 0.7 * first).all()
