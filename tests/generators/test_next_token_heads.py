"""The two diffusion heads: published sizes, what they look at, where they start."""

import pytest
import torch

from shared.generators.builder import count_parameters
from shared.generators.heads.local_dit import LocalDiT
from shared.generators.heads.local_dit_config import LocalDiTConfig
from shared.generators.heads.mlp import MlpHead
from shared.generators.heads.mlp_config import MlpHeadConfig
from shared.layers.attention import rotary_angles
from tests.generators.next_token_models import DIM, LATENTLM, LOCAL, SEMAVOICE, make_generator


@pytest.mark.parametrize(("width", "millions"), [(1536, 123.3), (896, 42.1), (768, 31.0), (3584, 669.0)])
def test_an_mlp_head_has_vibevoices_published_size(width, millions):
    with torch.device("meta"):
        head = MlpHead(MlpHeadConfig(kind="mlp", depth=4, feed_forward=3.0), width, patch=1, latent_dim=64)
    assert count_parameters(head) / 1e6 == pytest.approx(millions, rel=0.002)


@pytest.mark.parametrize("head", [
    MlpHead(MlpHeadConfig(kind="mlp"), 16, patch=2, latent_dim=3),
    LocalDiT(LocalDiTConfig.model_validate(LOCAL), 16, patch=2, latent_dim=3),
])
def test_a_new_head_predicts_zero_and_learns_from_there(head):
    prediction = head(torch.randn(4, 2, 3), torch.rand(4), torch.randn(4, 16), torch.randn(4, 2, 3))
    assert prediction.shape == (4, 2, 3) and prediction.abs().max() == 0
    (prediction - 1).square().mean().backward()
    assert head.project.weight.grad.abs().sum() > 0


def test_a_local_dit_sees_the_patch_before_and_both_frames_of_its_own():
    head = make_generator(SEMAVOICE).head
    noisy, time, state, previous = torch.randn(1, 2, 3), torch.tensor([0.5]), torch.randn(1, 16), torch.randn(1, 2, 3)
    noisy.requires_grad_(), previous.requires_grad_()
    for frame in (0, 1):
        output = head(noisy, time, state, previous)[0, frame].sum()
        of_noisy, of_previous = torch.autograd.grad(output, (noisy, previous))
        assert (of_noisy[0].abs().sum(dim=1) > 0).all() and (of_previous[0].abs().sum(dim=1) > 0).all()


def test_a_block_that_makes_only_the_last_frames_makes_them_as_one_that_makes_all():
    block = make_generator(SEMAVOICE).head.blocks[0]
    x, condition = torch.randn(3, 5, 16), torch.randn(3, 1, 16)
    angles = rotary_angles(torch.arange(5.0).unsqueeze(0), 8, 1e4)
    torch.testing.assert_close(block(x, condition, angles, 2), block(x, condition, angles, 5)[:, -2:])


def test_without_history_a_local_dit_sees_its_own_patch_only():
    config = LocalDiTConfig.model_validate({**LOCAL, "history": False})
    torch.manual_seed(0)
    head = LocalDiT(config, 16, patch=2, latent_dim=3)
    for layer in (head.project, head.blocks[0].modulation):
        torch.nn.init.normal_(layer.weight, std=0.3)
    inputs = torch.randn(1, 2, 3), torch.tensor([0.5]), torch.randn(1, 16)
    first, second = (head(*inputs, torch.full((1, 2, 3), value)) for value in (0.0, 5.0))
    assert torch.equal(first, second) and first.abs().max() > 0


@pytest.mark.parametrize("config", [LATENTLM, SEMAVOICE])
def test_modulations_for_many_times_give_what_the_head_gives(config):
    head = make_generator(config).head
    (noisy, previous), state = torch.randn(2, 4, config.patch, DIM), torch.randn(4, 16)
    times = torch.tensor([0.9, 0.2])
    modulations = head.modulations(head.embed_times(times), state)
    for index, time in enumerate(times):
        made = head.modulated(noisy, [each[index] for each in modulations], previous)
        torch.testing.assert_close(made, head(noisy, time.expand(4), state, previous))
