"""Alignment to a teacher: each distance by hand, padding left out, gradients where they belong."""

import pytest
import torch

from shared.losses.alignment import AlignmentLoss
from shared.losses.config import AlignmentConfig


def make(distance: str, teacher_dim: int = 6, dim: int = 4) -> AlignmentLoss:
    torch.manual_seed(0)
    return AlignmentLoss(AlignmentConfig(distance=distance, layer="last", width=8), teacher_dim, dim)


@pytest.fixture
def batch():
    torch.manual_seed(1)
    valid = torch.ones(2, 5, dtype=torch.bool)
    valid[1, 2:] = False
    return torch.randn(2, 4, 5), torch.randn(2, 5, 6), valid


BY_HAND = {
    "cosine": lambda z, p: -(z @ p) / (z.norm() * p.norm()),
    "l1": lambda z, p: (z - p).abs().mean(),
    "mse": lambda z, p: ((z - p) ** 2).mean(),
}


@pytest.mark.parametrize("distance", BY_HAND)
def test_it_is_the_mean_over_utterances_of_the_mean_over_their_frames(distance, batch):
    loss, (latents, features, valid) = make(distance), batch
    projected = loss.projection(features.transpose(1, 2))
    frames = [[BY_HAND[distance](latents[i, :, t], projected[i, :, t]) for t in range(n)] for i, n in ((0, 5), (1, 2))]
    expected = torch.stack([torch.stack(each).mean() for each in frames]).mean()
    torch.testing.assert_close(loss(latents, features, valid), expected)


@pytest.mark.parametrize("distance", BY_HAND)
def test_latents_in_padding_do_not_matter(distance, batch):
    loss, (latents, features, valid) = make(distance), batch
    other = torch.where(valid[:, None], latents, torch.randn_like(latents))
    assert torch.equal(loss(latents, features, valid), loss(other, features, valid))


@pytest.mark.parametrize("distance", BY_HAND)
def test_both_the_latent_and_the_projection_learn(distance, batch):
    loss, (latents, features, valid) = make(distance), batch
    latents.requires_grad_()
    loss(latents, features, valid).backward()
    assert latents.grad[0].abs().sum() > 0 and latents.grad[1, :, 2:].abs().sum() == 0
    assert all(parameter.grad.abs().sum() > 0 for parameter in loss.projection.parameters())


def test_the_projection_has_the_published_size():
    # WavLM-large's 1024 channels to 128 to 64: kernels 3, 3, 1, and two affine group norms.
    loss = AlignmentLoss(AlignmentConfig(layer=23), 1024, 64)
    expected = (1024 * 3 + 1) * 128 + (128 * 3 + 1) * 128 + (128 + 1) * 64 + 2 * 2 * 128
    assert sum(parameter.numel() for parameter in loss.parameters()) == expected


@pytest.mark.parametrize(("distance", "least"), [("cosine", -1.0), ("l1", 0.0), ("mse", 0.0)])
def test_minimising_it_brings_latent_and_projection_together(distance, least, batch):
    loss, (latents, features, valid) = make(distance), batch
    latents.requires_grad_()
    optimizer = torch.optim.Adam([latents, *loss.parameters()], 0.03)
    for _ in range(300):
        optimizer.zero_grad()
        value = loss(latents, features, valid)
        value.backward()
        optimizer.step()
    assert value.item() == pytest.approx(least, abs=0.05)
