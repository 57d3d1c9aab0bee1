"""Stable Audio 3's transformer: its published sizes, what reaches the velocity and what does not, learning."""

import itertools
import math

import pytest
import torch

from shared.generators.builder import build_generator, count_parameters, meta_generator
from shared.generators.flow_matching import draw_example, flow_matching_loss
from shared.generators.infilling_config import FlowMatchingConfig, InfillingConfig
from shared.generators.stable_audio import FEATURES, Block, StableAudioDiT, fourier_features
from shared.generators.stable_audio_config import StableAudioDiTConfig
from shared.layers.attention import rotary_angles
from shared.layers.unit import Unit
from shared.layers.windows import Everything
from shared.text.base import Text
from shared.text.encoders.characters_config import CharactersConfig
from shared.text.encoders.t5gemma_config import T5GemmaConfig
from shared.training.models import recompute_activations
from tests.generators.velocity import change_of, check_padding, check_prepared
from tests.learning import falls

SMALL = StableAudioDiTConfig(kind="stable_audio", width=32, depth=2, heads=2, memory_tokens=4, longest=20)
LEGAL = list(itertools.product([True, False], [0, 4]))


def small(**changes) -> StableAudioDiTConfig:
    return StableAudioDiTConfig(**{**SMALL.model_dump(), **changes})


def make_dit(**changes) -> StableAudioDiT:
    """A transformer whose zero-initialised layers are filled, so that its output says something."""
    torch.manual_seed(0)
    dit = StableAudioDiT(small(**changes), latent_dim=3, text_dim=5).eval()
    for parameter in dit.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.3)
    return dit


def inputs() -> dict:
    generator = torch.Generator().manual_seed(1)
    return {
        "latents": torch.randn(2, 9, 3, generator=generator),
        "time": torch.tensor([0.2, 0.8]),
        "context": torch.randn(2, 9, 3, generator=generator),
        "frames": torch.tensor([9, 6]),
        "text": Text(torch.randn(2, 7, 5, generator=generator), torch.tensor([7, 4])),
        "keep": torch.ones(2),
    }


@pytest.mark.parametrize(
    ("sizes", "differential", "millions"),
    [((1536, 24, 24), True, 1453.2), ((1024, 20, 16), False, 459.1)],
    ids=["medium", "small"],
)
def test_paper_scale_has_the_published_parameter_count(sizes, differential, millions):
    """Published is the transformer without the text's conditioner, to which the number of seconds belongs there."""
    width, depth, heads = sizes
    architecture = StableAudioDiTConfig(
        kind="stable_audio", width=width, depth=depth, heads=heads, differential=differential
    )
    config = InfillingConfig(architecture=architecture, text=T5GemmaConfig(kind="t5gemma"))
    model = meta_generator(config, latent_dim=256)
    latent, text = 256, 768
    block = {
        "norms": 3 * width + 4 * 64,
        "attention": (6 + 6 if differential else 4 + 4) * width**2,
        "feed-forward": (8 + 4) * width**2 + 9 * width,
        "context": (latent + 1 + 1) * width + (width + 1) * width,
        "offset": 6 * width,
    }
    outside = {
        "time": (FEATURES + 1) * width + (width + 1) * width,
        "text and duration": 2 * (text * width + width**2),
        "modulation": (width + 1) * 7 * width,
        "latents": 2 * (latent**2 + latent * width),
        "memory": 64 * width,
    }
    ours = count_parameters(model) - count_parameters(model.duration)
    assert ours == depth * sum(block.values()) + sum(outside.values())
    assert ours == (1_453_170_176 if differential else 459_130_880)
    assert round(ours / 1e6, 1) == millions
    assert count_parameters(model.duration) == (FEATURES + 1) * text


@pytest.mark.parametrize(("differential", "memory"), LEGAL)
def test_every_legal_layout_is_built_and_padding_changes_nothing(differential, memory):
    dit, batch = make_dit(differential=differential, memory_tokens=memory), inputs()
    check_padding(dit, batch)


@pytest.mark.parametrize("differential", [True, False])
def test_a_condition_prepared_once_serves_all_times(differential):
    dit = make_dit(differential=differential)
    assert len(check_prepared(dit, inputs()).read) == 2


@pytest.mark.parametrize("name", ["latents", "time", "context", "text"])
def test_every_condition_reaches_the_velocity(name):
    dit, batch = make_dit(), inputs()
    assert change_of(dit, batch, name).min() > 1e-4


@pytest.mark.parametrize("keep", [0.0, 1.0])
def test_the_duration_reaches_the_velocity_with_and_without_a_text(keep):
    """`longest` changes nothing but what the number of frames is taken for."""
    batch = inputs() | {"keep": torch.full((2,), keep)}
    short, long = (make_dit(longest=longest)(**batch) for longest in (20, 30))
    assert (short - long).abs().max() > 1e-3


def test_durations_past_the_longest_are_one():
    batch = inputs()
    torch.testing.assert_close(make_dit(longest=6)(**batch), make_dit(longest=5)(**batch))


def test_a_dropped_text_counts_for_nothing():
    dit, batch = make_dit(), inputs()
    batch["keep"] = torch.tensor([1.0, 0.0])
    before = dit(**batch)
    batch["text"] = Text(batch["text"].features + 0.1, torch.tensor([6, 1]))
    after = dit(**batch)
    assert torch.equal(after[1], before[1]) and not torch.equal(after[0], before[0])
    for block in dit.blocks:
        torch.nn.init.zeros_(block.cross_attention.out.weight)
    torch.testing.assert_close(dit(**batch)[1], before[1])


def test_frames_of_the_context_are_marked_where_they_are_given():
    block_inputs = []
    dit, batch = make_dit(), inputs()
    batch["context"][:, 4:] = 0.0
    dit.blocks[0].register_forward_pre_hook(lambda module, args: block_inputs.append(args[3]))
    dit(**batch)
    assert block_inputs[0].shape == (2, 9, 4)
    assert torch.equal(block_inputs[0][..., 0], (torch.arange(9) < 4).float().expand(2, -1))
    assert torch.equal(block_inputs[0][..., 1:], batch["context"])


def test_starts_as_the_zero_velocity_with_blocks_that_are_the_identity():
    dit = StableAudioDiT(SMALL, 3, 5)
    velocity, hidden = dit(**inputs(), return_layer=2)
    assert velocity.abs().max() == 0
    torch.testing.assert_close(hidden, dit.embed(inputs()["latents"]))


def test_gradients_reach_every_parameter():
    dit = make_dit()
    dit(**inputs() | {"keep": torch.tensor([1.0, 0.0])}).square().sum().backward()
    assert all(p.grad.isfinite().all() and p.grad.abs().sum() > 0 for p in dit.parameters())


def test_recomputed_units_have_the_same_gradients():
    def gradients(recompute: bool) -> list[torch.Tensor]:
        dit = make_dit()
        units = [module for module in dit.modules() if isinstance(module, Unit)]
        assert len(units) == 2
        for unit in units if recompute else []:
            recompute_activations(unit)
        dit(**inputs()).square().sum().backward()
        return [parameter.grad for parameter in dit.parameters()]

    for plain, recomputed in zip(gradients(False), gradients(True), strict=True):
        torch.testing.assert_close(recomputed, plain)


def test_hidden_states_of_a_block_can_be_asked_for():
    dit, batch = make_dit(), inputs()
    velocity, hidden = dit(**batch, return_layer=1)
    assert hidden.shape == (2, 9, 32)
    torch.testing.assert_close(velocity, dit(**batch))
    assert (hidden - dit(**batch, return_layer=2)[1]).abs().max() > 1e-3


def test_features_are_cosines_and_sines_of_frequencies_from_a_half_to_ten_thousand():
    features = fourier_features(torch.tensor([0.0, 0.3]))
    assert features.shape == (2, FEATURES)
    half = FEATURES // 2
    for place in (0, 1, 40):
        angle = 2 * math.pi * 0.3 * 0.5 * 20_000 ** (place / (half - 1))
        assert features[1, place].item() == pytest.approx(math.cos(angle), abs=1e-4)
        assert features[1, half + place].item() == pytest.approx(math.sin(angle), abs=1e-4)
    assert features[0].tolist() == [1.0] * half + [0.0] * half


def test_a_block_is_its_equations():
    """A gate is σ(1 − g), so a gate's input of minus infinity opens it and one of infinity shuts it."""
    torch.manual_seed(0)
    block = Block(small(differential=False), latent_dim=3)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x, text, context = torch.randn(1, 9, 32), torch.randn(1, 3, 32), torch.randn(1, 5, 4)
    angles = rotary_angles(torch.arange(9.0)[None], 8, 1e4)
    mask, text_mask = (torch.ones(1, 1, 1, length).bool() for length in (9, 3))
    modulation = torch.randn(1, 192)
    scale, shift, gate, scale_ff, shift_ff, gate_ff = (modulation + block.offset)[0].chunk(6)

    def normed(x: torch.Tensor, norm: torch.nn.RMSNorm) -> torch.Tensor:
        return x / (x.square().mean(-1, keepdim=True) + 1e-5).sqrt() * norm.weight

    y = block.self_attention(normed(x, block.self_norm) * (1 + scale) + shift, angles, Everything())
    y = x + y / (1 + (gate - 1).exp())
    y = y + block.cross_attention(normed(y, block.cross_norm), block.cross_attention.read(text), Everything())
    y = torch.cat([y[:, :4], y[:, 4:] + block.context_embed(context)], dim=1)  # memory tokens have no context
    y_ff = block.feed_forward(normed(y, block.feed_forward_norm) * (1 + scale_ff) + shift_ff)
    expected = y + y_ff / (1 + (gate_ff - 1).exp())
    result = block(x, text, modulation, context, angles, mask, text_mask)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)


def test_frames_are_told_from_memory_tokens_by_position_and_from_each_other():
    dit, batch = make_dit(), inputs()
    batch["latents"][:], batch["context"][:] = 0.5, 0.0
    velocity = dit(**batch)[0]
    assert (velocity[1:] - velocity[:-1]).abs().amax(dim=-1).min() > 1e-5


@pytest.mark.parametrize(("differential", "memory"), LEGAL)
def test_a_few_steps_lower_the_loss_on_one_batch(differential, memory):
    torch.manual_seed(0)
    config = InfillingConfig(
        architecture=small(differential=differential, memory_tokens=memory),
        text=CharactersConfig(kind="characters", dim=8),
    )
    generator, frames = build_generator(config, latent_dim=3), torch.tensor([9, 6, 7, 9])
    flow = FlowMatchingConfig(condition_dropout=0.2, context_dropout=0.3, drop_outside_span=False)
    example = draw_example(torch.randn(4, 9, 3), frames, flow, generator.path)
    texts = ["one two", "six", "ten", "two one"]
    assert falls(generator, lambda: flow_matching_loss(generator(example, frames, texts), example), 0.3)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="multiple of 4 · heads"):
        small(width=20, heads=2)
