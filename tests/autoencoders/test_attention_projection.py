"""Semantic-VAE's attention projection: the equation step by step, causality, and its parameters."""

import math

import pytest
import torch
from torch.nn import functional as F

from shared.autoencoders.attention_projection import AttentionProjection, AveragedAttention


@pytest.mark.parametrize(("dim", "pooled"), [(4, 1), (2, 2)])
def test_heads_are_averaged_and_neighbouring_channels_pooled(dim, pooled):
    torch.manual_seed(0)
    attention = AveragedAttention(12, dim, heads=3)
    x = torch.randn(1, 5, 12)
    query, key, value = (layer(x)[0] for layer in (attention.query, attention.key, attention.value))
    expected = torch.zeros(5, dim)
    for frame in range(5):
        mean = torch.zeros(4)
        for head in range(3):
            part = slice(4 * head, 4 * head + 4)
            scores = key[: frame + 1, part] @ query[frame, part] / math.sqrt(4)
            mean += torch.softmax(scores, dim=0) @ value[: frame + 1, part] / 3
        expected[frame] = attention.out(mean.reshape(dim, pooled).mean(dim=1))
    torch.testing.assert_close(attention(x)[0], expected)


def test_the_whole_is_skip_plus_attention_then_a_gated_feed_forward_then_a_linear_layer():
    torch.manual_seed(0)
    layer = AttentionProjection(8, 6, heads=2)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    x = torch.randn(2, 8, 5)
    rows = x.transpose(1, 2)
    y = layer.skip[1](layer.skip[0](rows)) + layer.attention[1](layer.attention[0](rows))
    norm, gated = layer.feed_forward
    inner = gated.norm(norm(y))
    z = y + gated.reduce(F.gelu(gated.gate(inner), approximate="tanh") * gated.expand(inner))
    torch.testing.assert_close(layer(x), layer.project(z).transpose(1, 2))
    assert gated.gate.weight.shape == (6, 3)


def test_no_frame_sees_a_later_one():
    torch.manual_seed(0)
    layer = AttentionProjection(8, 4, heads=2)
    x = torch.randn(1, 8, 6)
    changed = x.clone()
    changed[..., 3] = torch.randn(8)
    difference = (layer(changed) - layer(x)).abs().amax(dim=1)[0]
    assert difference[:3].max() == 0 and (difference[3:] > 0).all()


def test_parameters_at_semantic_vaes_sizes():
    """1024 to 64: q, k and v with two biases; out; skip; feed-forward of 128; four LayerNorms; mean and variance."""
    with torch.device("meta"):
        layer = AttentionProjection(1024, 128, heads=8)
    attention = 3 * 1024**2 + 2 * 1024 + 64 * 65
    feed_forward = 2 * 65 * 128 + 129 * 64
    expected = attention + 1025 * 64 + feed_forward + 2 * 2 * (1024 + 64) + 65 * 128
    assert sum(parameter.numel() for parameter in layer.parameters()) == expected
