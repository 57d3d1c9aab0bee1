"""Alignment to a teacher: each distance by hand, padding left out, gradients where they belong."""

import math

import pytest
import torch

from shared.losses.alignment import AlignmentLoss
from shared.losses.config import AlignmentConfig

LINEAR = {"projection": "linear", "width": None}


def make(distance: str = "cosine", teacher_dim: int = 6, dim: int = 4, **config) -> AlignmentLoss:
    torch.manual_seed(0)
    return AlignmentLoss(
        AlignmentConfig.model_validate({"distance": distance, "layer": "last", "width": 8, **config}), teacher_dim, dim
    )


def pairwise_term(latents, features, valid, weight: float = 1.0, **config) -> torch.Tensor:
    """What the term adds to the loss, together with its weight."""
    with_term, without = (make(pairwise=each, **config)(latents, features, valid) for each in (weight, 0.0))
    return with_term - without


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


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


@pytest.mark.parametrize("config", [{}, LINEAR], ids=["conv", "linear"])
def test_the_pairwise_term_is_the_mean_over_utterances_of_the_mean_over_their_pairs(config, batch):
    latents, features, _ = batch
    projected = make(**config).projection(features.transpose(1, 2))
    means = []
    for i, frames in ((0, 5), (1, 2)):
        z, s = (each[i].t().tolist() for each in (latents, projected))
        pairs = [abs(cosine(z[a], z[b]) - cosine(s[a], s[b])) for a in range(frames) for b in range(frames)]
        means.append(sum(pairs) / frames**2)
    assert pairwise_term(*batch, weight=0.7, **config).item() == pytest.approx(0.7 * sum(means) / 2, abs=1e-6)


def test_pairs_with_a_frame_of_padding_do_not_matter(batch):
    latents, features, valid = batch
    other = torch.where(valid[:, None], latents, torch.randn_like(latents))
    longer = [torch.cat([each, torch.randn(2, each.shape[1], 3)], dim=2) for each in (latents, features.mT)]
    padded = torch.cat([valid, torch.zeros(2, 3, dtype=torch.bool)], dim=1)
    term = pairwise_term(*batch, **LINEAR)
    assert torch.equal(pairwise_term(other, features, valid, **LINEAR), term)
    torch.testing.assert_close(pairwise_term(longer[0], longer[1].mT, padded, **LINEAR), term)


@pytest.mark.parametrize("half", [False, True])
def test_the_pairwise_term_is_zero_where_frames_are_as_similar_to_each_other_as_the_teachers(half, batch):
    _, features, valid = batch
    rotation, _ = torch.linalg.qr(torch.randn(4, 4))
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        projected = make(**LINEAR).projection(features.transpose(1, 2)).detach()
        with torch.autocast("cpu", enabled=False):
            turned = 3 * rotation @ projected.float()
        assert abs(pairwise_term(turned, features, valid, **LINEAR).item()) < 1e-6
        assert make(**LINEAR)(turned, features, valid).item() > -0.9


def test_both_the_latent_and_the_projection_learn_from_pairs(batch):
    latents, features, valid = batch
    latents.requires_grad_()
    gradients = []
    for weight in (0.0, 1.0):
        loss = make(pairwise=weight, **LINEAR)
        gradients.append(torch.autograd.grad(loss(latents, features, valid), [latents, loss.projection.weight]))
    (of_latents, of_projection) = (with_term - without for without, with_term in zip(*gradients, strict=True))
    assert (of_latents.abs().sum(dim=1) > 0).equal(valid)
    assert of_projection.abs().sum() > 0


def test_a_linear_projection_is_one_matrix_and_a_bias(batch):
    loss, features = make(**LINEAR), batch[1]
    weight, bias = loss.parameters()
    expected = (features @ weight[:, :, 0].t() + bias).transpose(1, 2)
    torch.testing.assert_close(loss.projection(features.transpose(1, 2)), expected)


def test_only_convolutions_have_a_width():
    linear = AlignmentConfig(layer="last", projection="linear")
    assert AlignmentConfig.model_validate(linear.model_dump(mode="json")) == linear
    with pytest.raises(ValueError, match=r"projection linear has no width \(got 8\)"):
        AlignmentConfig(layer="last", projection="linear", width=8)
