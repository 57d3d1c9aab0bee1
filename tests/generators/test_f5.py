"""F5-TTS's transformer: its size, text over frames, conditioning, padding, learning."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from shared.generators.builder import build_generator, count_parameters, meta_generator
from shared.generators.f5 import F5, Block, SelfAttention, TextOverFrames, stretch, text_positions
from shared.generators.f5_config import F5Config
from shared.generators.flow_matching import draw_example, flow_matching_loss
from shared.generators.infilling_config import FlowMatchingConfig, InfillingConfig
from shared.layers.attention import modulate
from shared.layers.unit import Unit
from shared.text.base import Text
from shared.text.encoders.characters_config import CharactersConfig
from shared.training.models import recompute_activations
from tests.generators.velocity import change_of, check_padding, check_prepared
from tests.learning import falls

SMALL = F5Config(kind="f5", width=16, depth=2, heads=2, head_dim=6, text_layers=1)
PAPER = InfillingConfig(
    architecture=F5Config(kind="f5", width=768, depth=18, heads=12), text=CharactersConfig(kind="characters", dim=512)
)
LAYOUTS = [
    {"text_positions": "leading", "text_mask_padding": True},
    {"text_positions": "leading", "text_mask_padding": False},
    {"text_positions": "stretched", "text_mask_padding": True},
]


def small(**changes) -> F5Config:
    return F5Config(**{**SMALL.model_dump(), **changes})


def make_f5(**changes) -> F5:
    """A transformer whose zero-initialised layers are filled, so that its output says something."""
    torch.manual_seed(0)
    f5 = F5(small(**changes), latent_dim=3, text_dim=4).eval()
    for layer in (*(block.modulation for block in f5.blocks), f5.final_modulation, f5.project):
        torch.nn.init.normal_(layer.weight, std=0.3)
    for block in f5.text.blocks:
        torch.nn.init.normal_(block.gamma)
    return f5


def inputs() -> dict:
    generator = torch.Generator().manual_seed(1)
    return {
        "latents": torch.randn(2, 9, 3, generator=generator),
        "time": torch.tensor([0.2, 0.8]),
        "context": torch.randn(2, 9, 3, generator=generator),
        "frames": torch.tensor([9, 6]),
        "text": Text(torch.randn(2, 5, 4, generator=generator), torch.tensor([5, 4])),
        "keep": torch.ones(2),
    }


def test_paper_scale_has_the_published_parameter_count():
    """The released code has one filler and V characters; ours has the filler apart, and V more in the text encoder.

    F5TTS_Small on 100 mel bands is 159 M with its 2,545 pinyin tokens, and 158 M with the letters of LibriTTS.
    """
    without_text = {
        "time": (256 + 1) * 768 + (768 + 1) * 768,
        "input": (2 * 100 + 512 + 1) * 768 + 2 * (768 // 16 * 31 + 1) * 768,
        "text blocks": 4 * ((7 + 1) * 512 + 2 * 512 + (512 + 1) * 1024 + 2 * 1024 + (1024 + 1) * 512),
        "blocks": 18 * ((768 + 1) * 6 * 768 + 4 * (768 + 1) * 768 + (768 + 1) * 1536 + (1536 + 1) * 768),
        "output": (768 + 1) * 2 * 768 + (768 + 1) * 100,
    }
    ours = count_parameters(meta_generator(PAPER, latent_dim=100))
    assert ours == sum(without_text.values()) + 512 == 157_925_732
    assert ours + 2545 * 512 == 159_228_772
    assert round((ours + 80 * 512) / 1e6) == 158


def test_latents_of_64_channels_change_only_what_reads_and_writes_them():
    assert count_parameters(meta_generator(PAPER, latent_dim=64)) == 157_842_752 == 157_925_732 - 36 * (2 * 768 + 769)


@pytest.mark.parametrize(("layout", "heads"), list(itertools.product(LAYOUTS, [None, 1])))
def test_every_legal_layout_is_built_and_padding_changes_nothing(layout, heads):
    f5, batch = make_f5(**layout, rotary_heads=heads), inputs()
    check_padding(f5, batch)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_condition_prepared_once_serves_all_times(layout):
    check_prepared(make_f5(**layout), inputs())


@pytest.mark.parametrize("name", ["latents", "time", "context", "text"])
def test_every_condition_reaches_the_velocity(name):
    f5, batch = make_f5(), inputs()
    assert change_of(f5, batch, name).min() > 1e-4


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_dropped_text_is_filler_in_that_example_only(layout):
    f5, batch = make_f5(**layout), inputs()
    kept = f5(**batch)
    batch["keep"] = torch.tensor([1.0, 0.0])
    dropped = f5(**batch)
    torch.testing.assert_close(dropped[0], kept[0])
    assert (dropped[1] - kept[1])[:6].abs().max() > 1e-3
    batch["text"].features[1] = f5.text.filler
    batch["keep"] = torch.ones(2)
    torch.testing.assert_close(f5(**batch)[1, :6], dropped[1, :6])


def test_starts_as_the_zero_velocity():
    assert F5(SMALL, 3, 4)(**inputs()).abs().max() == 0


def test_gradients_reach_every_parameter():
    f5 = make_f5()
    f5(**inputs() | {"keep": torch.tensor([1.0, 0.0])}).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in f5.parameters())


def test_recomputed_units_draw_the_same_dropout():
    def gradients(recompute: bool) -> list[torch.Tensor]:
        f5 = make_f5(dropout=0.5).train()
        for unit in [module for module in f5.modules() if isinstance(module, Unit)] if recompute else []:
            recompute_activations(unit)
        torch.manual_seed(2)
        f5(**inputs()).square().sum().backward()
        return [block.attention.query.weight.grad for block in f5.blocks]

    for plain, recomputed in zip(gradients(False), gradients(True), strict=True):
        assert plain.abs().max() > 0
        torch.testing.assert_close(recomputed, plain)


def test_hidden_states_of_a_block_can_be_asked_for():
    f5, batch = make_f5(), inputs()
    velocity, hidden = f5(**batch, return_layer=1)
    assert hidden.shape == (2, 9, 16)
    torch.testing.assert_close(velocity, f5(**batch))
    assert (hidden - f5(**batch, return_layer=2)[1]).abs().max() > 1e-3


def test_filler_follows_the_characters_and_is_masked_or_not():
    text = Text(torch.arange(1.0, 4.0).reshape(1, 3, 1).expand(1, 3, 4), torch.tensor([3]))
    for masked in (True, False):
        layer = TextOverFrames(small(text_mask_padding=masked), text_dim=4)
        layer.blocks = torch.nn.ModuleList()
        result = layer(text, torch.ones(1), torch.tensor([5]), longest=6)[0]
        positions = text_positions(6, 4, result.device)
        torch.testing.assert_close(result[:3], text.features[0] + positions[:3])
        filler = torch.zeros(2, 4) if masked else layer.filler.expand(2, -1) + positions[3:5]
        torch.testing.assert_close(result[3:5], filler)
        assert result[5].abs().sum() == 0


def test_a_text_longer_than_the_audio_is_cut():
    f5, batch = make_f5(), inputs()
    batch["frames"] = torch.tensor([9, 3])
    before = f5(**batch)
    batch["text"].features[1, 3] += 1.0
    torch.testing.assert_close(f5(**batch), before)


def test_positions_are_cosines_and_sines_of_falling_frequencies():
    positions = text_positions(4, 6, torch.device("cpu"))
    for place, pair in itertools.product(range(4), range(3)):
        angle = place / 10_000 ** (2 * pair / 6)
        assert positions[place, pair].item() == pytest.approx(math.cos(angle), abs=1e-6)
        assert positions[place, 3 + pair].item() == pytest.approx(math.sin(angle), abs=1e-6)


def test_stretching_spreads_the_tokens_evenly():
    x = torch.arange(1.0, 6.0).reshape(1, 5, 1).expand(3, -1, -1)
    text = Text(x, torch.tensor([2, 3, 5]))
    stretched = stretch(x, text, torch.tensor([6, 7, 2]), longest=8).squeeze(-1)
    expected = [
        [1, 1, 4 / 3, 5 / 3, 2, 2, 0, 0],
        [1, 8 / 7, 11 / 7, 2, 17 / 7, 20 / 7, 3, 0],
        [1.75, 4.25, 0, 0, 0, 0, 0, 0],  # more tokens than frames: each frame is between two
    ]
    torch.testing.assert_close(stretched, torch.tensor(expected))


def test_tokens_that_last_longer_are_spread_over_more_frames():
    x = torch.arange(1.0, 3.0).reshape(1, 2, 1)
    text = Text(x, torch.tensor([2]), ends=torch.tensor([[0.75, 1.0]]))  # middles at 3 and 7 of 8 frames
    stretched = stretch(x, text, torch.tensor([8]), longest=8).squeeze(-1)
    torch.testing.assert_close(stretched, torch.tensor([[1, 1, 1, 9 / 8, 11 / 8, 13 / 8, 15 / 8, 2]]))


@pytest.mark.parametrize("rotary_heads", [1, 2])
def test_attention_is_softmax_of_rotated_products(rotary_heads):
    torch.manual_seed(0)
    attention = SelfAttention(small(rotary_heads=rotary_heads))
    x = torch.randn(1, 4, 16)
    theta = torch.arange(4.0)[:, None] * torch.tensor([1.0, 0.1, 0.01])
    mask = torch.tensor([True, True, True, False])
    heads = []
    for head in range(2):
        rows = slice(6 * head, 6 * head + 6)
        query, key, value = (
            F.linear(x[0], layer.weight[rows], layer.bias[rows])
            for layer in (attention.query, attention.key, attention.value)
        )
        if head < rotary_heads:
            query, key = (turned(each, theta) for each in (query, key))
        weights = (query @ key.T / math.sqrt(6)).masked_fill(~mask, -math.inf).softmax(dim=-1)
        heads.append(weights @ value)
    angles = torch.polar(torch.ones(4, 3), theta)[None, None]
    result = attention(x, angles, mask[None, None, None])
    torch.testing.assert_close(result[0], attention.out(torch.cat(heads, dim=-1)), rtol=1e-4, atol=1e-5)


def turned(x: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
    """Neighbouring pairs of channels of `(length, channels)` turned by `theta` `(length, channels / 2)`."""
    even, odd = x[:, 0::2], x[:, 1::2]
    pairs = even * theta.cos() - odd * theta.sin(), even * theta.sin() + odd * theta.cos()
    return torch.stack(pairs, dim=-1).flatten(1)


def test_each_block_has_a_modulation_of_its_own_that_gates_it():
    """With gates of zero a block is the identity; with scale and shift of zero it sees the plain norm."""
    torch.manual_seed(0)
    block, x, condition = Block(small(dropout=0.0)), torch.randn(1, 4, 16), torch.randn(1, 16)
    angles, mask = torch.polar(torch.ones(4, 3), torch.zeros(4, 3))[None, None], torch.ones(1, 1, 1, 4).bool()
    torch.nn.init.zeros_(block.modulation.weight)
    torch.nn.init.zeros_(block.modulation.bias)
    assert torch.equal(block(x, condition, angles, mask), x)
    with torch.no_grad():
        block.modulation.bias[:16], block.modulation.bias[48:64] = 0.5, 2.0
    middle = x + 0.5 * block.attention(F.layer_norm(x, (16,), eps=1e-6), angles, mask)
    expected = middle + 2.0 * block.feed_forward(modulate(middle, torch.zeros(1), torch.zeros(1)))
    torch.testing.assert_close(block(x, condition, angles, mask), expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_few_steps_lower_the_loss_on_one_batch(layout):
    torch.manual_seed(0)
    config = InfillingConfig(
        architecture=small(width=32, head_dim=16, dropout=0.0, **layout),
        text=CharactersConfig(kind="characters", dim=8),
    )
    generator, frames = build_generator(config, latent_dim=3), torch.tensor([9, 6, 7, 9])
    flow = FlowMatchingConfig(condition_dropout=0.2, context_dropout=0.3, drop_outside_span=False)
    example = draw_example(torch.randn(4, 9, 3), frames, flow, generator.path)
    texts = ["one two", "six", "ten", "two one"]
    assert falls(generator, lambda: flow_matching_loss(generator(example, frames, texts), example), 0.3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 24}, "multiple of 16"),
        ({"head_dim": 5}, "head_dim must be even"),
        ({"rotary_heads": 3}, "more than the 2 heads"),
        ({"text_positions": "stretched", "text_mask_padding": False}, "needs text_mask_padding"),
    ],
)
def test_impossible_configs_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        small(**changes)


def test_an_odd_text_dim_is_refused():
    with pytest.raises(ValueError, match=r"text\.dim must be even"):
        InfillingConfig(architecture=SMALL, text=CharactersConfig(kind="characters", dim=5))


def test_the_kind_tells_architectures_apart():
    with pytest.raises(ValueError, match="known: dit, f5, stable_audio"):
        InfillingConfig.model_validate({"architecture": {"kind": "f6"}, "text": {"kind": "characters", "dim": 4}})
