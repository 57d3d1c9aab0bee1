"""A sequence that is read one position after another gives the states of one that is read at once."""

import pytest
import torch

from shared.generators.backbones.continuation import Continuation
from shared.generators.backbones.qwen2_config import Qwen2Config
from shared.generators.backbones.transformer_config import TransformerConfig

SIZES = {"width": 16, "depth": 2, "feed_forward": 2}
CONFIGS = [
    TransformerConfig(kind="transformer", heads=2, **SIZES),
    Qwen2Config(kind="qwen2", heads=4, key_value_heads=2, vocabulary=8, **SIZES),
]


@pytest.mark.parametrize("config", CONFIGS)
@torch.inference_mode()
def test_it_reads_as_the_decoder_does(config):
    torch.manual_seed(0)
    backbone = config.build().eval()
    for name, parameter in backbone.named_parameters():
        if "norm" in name or "bias" in name:
            parameter.normal_()
    x, positions = torch.randn(3, 9, 16), 3 * torch.rand(3, 9)
    mask = torch.ones(3, 9, dtype=torch.long)
    mask[1, :4] = 0
    expected = backbone(x, positions, mask)
    reading = Continuation(backbone, x[:, :6], positions[:, :6], mask[:, :6], 3)
    torch.testing.assert_close(reading.state, expected[:, 5], rtol=1e-5, atol=1e-5)
    for index in (6, 7, 8):
        reading.append(x[:, index], positions[:, index])
        torch.testing.assert_close(reading.state, expected[:, index], rtol=1e-5, atol=1e-5)
