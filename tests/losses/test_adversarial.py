"""Adversarial and feature-matching losses: hand-computed values, optima and gradients."""

import math

import pytest
import torch

from shared.losses.adversarial import AdversarialLoss, FeatureMatchingLoss

REAL = [torch.tensor([0.5, 2.0]), torch.tensor([[1.0]])]
FAKE = [torch.tensor([-0.5, 0.5]), torch.tensor([[-3.0]])]


@pytest.mark.parametrize(
    ("kind", "discriminator", "generator"),
    [
        # scale 1: mean(0.25, 1) + mean(0.25, 0.25) = 0.875, scale 2: 0 + 9; G: mean(2.25, 0.25) = 1.25 and 16
        ("least_squares", (0.875 + 9) / 2, (1.25 + 16) / 2),
        # scale 1: mean(0.5, 0) + mean(0.5, 1.5) = 1.25, scale 2: 0 + 0; G: 0 and 3
        ("hinge", 1.25 / 2, 3 / 2),
    ],
)
def test_by_hand(kind, discriminator, generator):
    loss = AdversarialLoss(kind)
    assert loss.discriminator(REAL, FAKE).item() == pytest.approx(discriminator)
    assert loss.generator(FAKE).item() == pytest.approx(generator)


@pytest.mark.parametrize("kind", ["least_squares", "hinge"])
def test_a_sum_over_two_scales_is_twice_their_mean(kind):
    mean, total = AdversarialLoss(kind), AdversarialLoss(kind, "sum")
    assert total.discriminator(REAL, FAKE).item() == pytest.approx(2 * mean.discriminator(REAL, FAKE).item())
    assert total.generator(FAKE).item() == pytest.approx(2 * mean.generator(FAKE).item())


@pytest.mark.parametrize(("kind", "fooled"), [("least_squares", 0.0), ("hinge", -1.0)])
def test_a_perfect_discriminator_and_a_perfect_generator(kind, fooled):
    loss = AdversarialLoss(kind)
    ones = [torch.ones(3), torch.ones(2)]
    perfect = 0 if kind == "least_squares" else -1
    assert loss.discriminator(ones, [torch.full_like(x, perfect) for x in ones]).item() == 0
    assert loss.generator(ones).item() == fooled


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_relativistic_pairs_each_logit_of_real_audio_with_its_own_of_generated(reduction):
    """ln(1 + e^d), d = D(x) - D(y) for the discriminator: -1 and -1.5, then -4; the generator has the other sign."""
    loss = AdversarialLoss("relativistic", reduction)
    share = 2 if reduction == "mean" else 1
    for sign, value in ((1, loss.discriminator(REAL, FAKE)), (-1, loss.generator(FAKE, REAL))):
        first, second, third = (math.log1p(math.exp(sign * d)) for d in (-1, -1.5, -4))
        assert value.item() == pytest.approx(((first + second) / 2 + third) / share)


def test_relativistic_losses_pull_in_opposite_directions():
    loss, real, fake = AdversarialLoss("relativistic"), torch.zeros(1, requires_grad=True), torch.zeros(1)
    fake.requires_grad_()
    loss.discriminator([real], [fake]).backward()
    assert (real.grad.item(), fake.grad.item()) == (-0.5, 0.5)
    fake.grad = None
    loss.generator([fake], [real.detach()]).backward()
    assert fake.grad.item() == -0.5


def test_a_relativistic_generator_needs_the_real_logits():
    with pytest.raises(ValueError, match="give `real`"):
        AdversarialLoss("relativistic").generator(FAKE)


def test_each_scale_weighs_the_same_whatever_its_size():
    assert AdversarialLoss().generator([torch.ones(1000), -torch.ones(1)]).item() == pytest.approx(0)


def test_numbers_of_scales_must_agree():
    with pytest.raises(ValueError, match="shorter"):
        AdversarialLoss().discriminator(REAL, FAKE[:1])


def test_feature_matching_by_hand():
    real = [[torch.tensor([2.0, -2.0]), torch.tensor([10.0])], [torch.tensor([1.0])]]
    fake = [[torch.tensor([1.0, -2.0]), torch.tensor([10.0])], [torch.tensor([4.0])]]
    assert FeatureMatchingLoss()(real, fake).item() == pytest.approx(((0.5 + 0) / 2 + 3) / 2)
    assert FeatureMatchingLoss("sum")(real, fake).item() == pytest.approx(0.5 + 0 + 3)
    assert FeatureMatchingLoss()(real, real).item() == 0


def test_feature_matching_gives_no_gradient_to_the_real_features():
    real, fake = torch.ones(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    FeatureMatchingLoss()([[real]], [[fake]]).backward()
    assert real.grad is None and fake.grad.abs().sum() > 0
