"""The transformer block: its equations by hand, what its branches are at first, gradients."""

import pytest
import torch
from torch.nn import functional as F

from shared.layers.attention import rotary_angles
from shared.layers.transformer import (
    CrossAttention,
    DynamicTanh,
    GatedFeedForward,
    SelfAttention,
    TransformerBlock,
)
from shared.layers.windows import Everything, Sliding


def angles(tokens: int, head_dim: int) -> torch.Tensor:
    return rotary_angles(torch.arange(tokens).float()[None], head_dim // 2, 1e4)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(2, 7, 16, generator=torch.Generator().manual_seed(0))


def test_dynamic_tanh_is_its_formula(x):
    norm = DynamicTanh(16)
    torch.testing.assert_close(norm(x), torch.tanh(4 * x))
    with torch.no_grad():
        norm.alpha.fill_(0.5), norm.gamma.fill_(3), norm.beta.fill_(-1)
    torch.testing.assert_close(norm(x), 3 * torch.tanh(x / 2) - 1)


@pytest.mark.parametrize("sine", [False, True])
def test_gated_layers_are_their_formula(sine, x):
    torch.manual_seed(0)
    layers = GatedFeedForward(16, 24, sine)
    value, gate = (x @ layers.expand.weight.T + layers.expand.bias).split(24, dim=-1)
    active = torch.sin(torch.pi * gate) if sine else gate * torch.sigmoid(gate)
    torch.testing.assert_close(layers(x), (value * active) @ layers.out.weight.T + layers.out.bias)


def turn(x: torch.Tensor, head_dim: int) -> torch.Tensor:
    """RoPE on the first half of the channels, written out with sines and cosines."""
    out = x.clone()
    for pair in range(head_dim // 4):
        angle = torch.arange(x.shape[1]) * 1e4 ** (-2 * pair / (head_dim // 2))
        a, b = x[..., 2 * pair], x[..., 2 * pair + 1]
        out[..., 2 * pair] = a * angle.cos() - b * angle.sin()
        out[..., 2 * pair + 1] = a * angle.sin() + b * angle.cos()
    return out


def test_differential_attention_is_the_difference_of_two(x):
    torch.manual_seed(0)
    attention = SelfAttention(16, 8)
    value, *pairs = (x @ attention.project.weight.T).split(16, dim=-1)
    outputs = []
    for head in (slice(0, 8), slice(8, 16)):
        parts = [turn(torch.tanh(4 * part[..., head]), 8) for part in pairs]
        maps = [(q @ k.transpose(1, 2) / 8**0.5).softmax(-1) for q, k in (parts[:2], parts[2:])]
        outputs.append((maps[0] - maps[1]) @ value[..., head])
    expected = torch.cat(outputs, dim=-1) @ attention.out.weight.T
    torch.testing.assert_close(attention(x, angles(7, 8), Everything()), expected)


@pytest.mark.parametrize("differential", [False, True])
def test_cross_attention_takes_values_from_the_context_that_a_mask_allows(differential, x):
    torch.manual_seed(0)
    attention = CrossAttention(16, 8, "rms", differential)
    context, mask = torch.randn(2, 5, 16), torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]).bool()
    value, *keys = (context @ attention.key_value.weight.T).split(16, dim=-1)
    queries = (x @ attention.query.weight.T).split(16, dim=-1)
    outputs = []
    for head in (slice(0, 8), slice(8, 16)):
        scores = [
            F.rms_norm(q[..., head], (8,)) @ F.rms_norm(k[..., head], (8,)).transpose(1, 2) / 8**0.5
            for q, k in zip(queries, keys, strict=True)
        ]
        maps = [each.masked_fill(~mask[:, None], -torch.inf).softmax(-1) for each in scores]
        outputs.append((maps[0] - maps[1] if differential else maps[0]) @ value[..., head])
    expected = torch.cat(outputs, dim=-1) @ attention.out.weight.T
    result = attention(x, attention.read(context), Everything(mask[:, None, None]))
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-5)


def test_attention_depends_on_distances_alone(x):
    torch.manual_seed(0)
    attention = SelfAttention(16, 8)
    later = rotary_angles(torch.arange(7).float()[None] + 40, 4, 1e4)
    torch.testing.assert_close(
        attention(x, angles(7, 8), Everything()), attention(x, later, Everything()), rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("norm", ["dyt", "rms", "layer"])
@pytest.mark.parametrize("differential", [False, True])
def test_a_new_block_is_the_identity_and_learns(differential, norm, x):
    torch.manual_seed(0)
    block = TransformerBlock(16, 8, 3, norm=norm, qk_norm=norm, differential=differential)
    assert torch.equal(block(x, angles(7, 8)), x)
    block(x, angles(7, 8)).square().sum().backward()
    assert block.attention.out.weight.grad.abs().sum() > 0 and block.feed_forward.out.weight.grad.abs().sum() > 0


def test_a_blocks_reach_is_its_windows(x):
    torch.manual_seed(0)
    block = TransformerBlock(16, 8, 3, branch_std=0.5)
    x = x.requires_grad_()
    gradient = torch.autograd.grad(block(x, angles(7, 8), Sliding(2))[0, 3].sum(), x)[0]
    assert (gradient[0].abs().sum(dim=1) > 0).tolist() == [False, True, True, True, True, True, False]
    assert not gradient[1].any()


def test_parameters_of_a_block():
    """15 w² of matrices with feed-forward layers three times as wide, biases, and DyTs of 2 n + 1."""
    width, head = 32, 8
    expected = 15 * width**2 + 7 * width + 2 * (2 * width + 1) + 2 * (2 * head + 1)
    assert sum(each.numel() for each in TransformerBlock(width, head, 3).parameters()) == expected
    assert F.silu(torch.zeros(1)).item() == 0  # a gate of zero lets nothing through, as a sine of zero does
