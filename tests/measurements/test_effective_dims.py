"""Compactness: made-up latents with known answers, sklearn's PCA, numpy's SVD, and truncation."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch.distributions import Normal, kl_divergence

from shared.measurements.jobs.effective_dims import (
    FIDELITIES,
    RULES,
    active_dims,
    channel_kl,
    effective_dims,
    principal_axes,
    truncate,
)

SINGULAR_VALUES = [8.0, 4.0, 2.0, 1.0, 1.0, 0.0]  # sum 16, squares' sum 86


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotation(seed: int = 1) -> torch.Tensor:
    return torch.linalg.qr(random(6, 6, seed=seed))[0]


def made_up(frames: int = 500) -> torch.Tensor:
    """`(frames, 6)` with the singular values above about a mean that is not 0."""
    noise = random(frames, 6)
    columns = torch.linalg.qr(noise - noise.mean(dim=0))[0]  # each without a mean
    return columns * torch.tensor(SINGULAR_VALUES) @ rotation() + torch.arange(6)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("singular_values", [3, 4, 5, 5]),  # shares 0.5, 0.75, 0.875, 0.9375, 1
        ("explained_variance", [2, 2, 3, 5]),  # shares 0.744, 0.930, 0.977, 0.988, 1
        ("released_code", [1, 1, 2, 4]),
    ],
)
def test_effective_dims_by_hand(rule, expected):
    singular_values = principal_axes(made_up().float()).singular_values
    assert [effective_dims(singular_values, fidelity, rule) for fidelity in FIDELITIES] == expected


def test_a_share_equal_to_the_fidelity_is_enough_for_the_paper_and_not_for_its_code():
    singular_values = torch.tensor([3.0, 1.0])
    assert effective_dims(singular_values, 0.75) == 1
    assert effective_dims(singular_values.sqrt(), 0.75, "explained_variance") == 1
    assert effective_dims(singular_values.sqrt(), 0.75, "released_code") == 1


def test_the_axes_are_the_ones_made_up():
    axes = principal_axes(made_up())
    torch.testing.assert_close(axes.singular_values, torch.tensor(SINGULAR_VALUES).double())
    torch.testing.assert_close(axes.mean, torch.arange(6).double())
    overlap = axes.axes @ rotation().T
    torch.testing.assert_close(overlap[:3, :3].abs(), torch.eye(3).double())
    torch.testing.assert_close(axes.axes @ axes.axes.T, torch.eye(6).double())


@pytest.mark.parametrize("frames", [4, 6, 200])
def test_it_agrees_with_numpy_and_sklearn(frames):
    means = random(frames, 6) * torch.logspace(0, -2, 6)
    axes = principal_axes(means)
    centred = (means - means.mean(dim=0)).numpy()
    fewer = min(frames, 6)
    expected = np.linalg.svd(centred, compute_uv=False)
    np.testing.assert_allclose(axes.singular_values[:fewer].numpy(), expected, atol=1e-12)
    pca = PCA(fewer).fit(means.numpy())
    expected = np.zeros(6)
    expected[:fewer] = pca.explained_variance_ratio_
    squares = axes.singular_values.square()
    np.testing.assert_allclose((squares / squares.sum()).numpy(), expected, atol=1e-12)
    used = min(frames - 1, 6)
    np.testing.assert_allclose(np.abs(axes.axes[:used].numpy() @ pca.components_[:used].T), np.eye(used), atol=1e-6)
    for fidelity in FIDELITIES:
        share = np.cumsum(pca.explained_variance_ratio_)
        assert effective_dims(axes.singular_values, fidelity, "explained_variance") == (
            np.searchsorted(share, fidelity) + 1
        )
        assert effective_dims(axes.singular_values, fidelity, "released_code") == np.argmax(share > fidelity)


@pytest.mark.parametrize("rule", RULES)
def test_a_collapsed_latent_has_no_effective_dims(rule):
    axes = principal_axes(torch.full((50, 4), 0.25))
    assert effective_dims(axes.singular_values, 0.99, rule) == 0


def test_kl_of_each_channel_agrees_with_torch_distributions():
    mean, std = random(50, 6), random(50, 6, seed=2).exp()
    expected = kl_divergence(Normal(mean, std), Normal(0.0, 1.0)).mean(dim=0)
    torch.testing.assert_close(channel_kl(mean.float(), std.float()), expected, atol=1e-5, rtol=1e-5)


def test_active_dims_are_those_that_hold_something():
    """Two channels at the prior, one of 0.08 nats, one of 0.125, one sharp: 0.5 (0.01² − 1 − 2 ln 0.01)."""
    mean = torch.tensor([0.0, 0.0, 0.4, 0.5, 0.0]).expand(10, 5)
    std = torch.tensor([1.0, 1.0, 1.0, 1.0, 0.01]).expand(10, 5)
    kl = channel_kl(mean, std)
    assert kl.tolist() == pytest.approx([0, 0, 0.08, 0.125, 0.5 * (1e-4 - 1) - np.log(0.01)], abs=1e-6)
    assert active_dims(kl) == 2 and active_dims(kl, 0.01) == 3


def latents_and_axes():
    return random(2, 6, 5000, seed=3).float() + 2, principal_axes(made_up())


@pytest.mark.parametrize("about_mean", [False, True])
def test_all_dimensions_are_the_latent_itself(about_mean):
    latents, axes = latents_and_axes()
    torch.testing.assert_close(truncate(latents, axes, 6, about_mean=about_mean), latents, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("about_mean", "middle"), [(False, torch.zeros(6)), (True, torch.arange(6.0))])
def test_what_is_kept_stays_and_the_rest_is_noise_of_the_prior(about_mean, middle):
    latents, axes = latents_and_axes()
    output = truncate(latents, axes, 2, torch.Generator().manual_seed(0), about_mean)
    rotation = axes.axes.float()
    before, after = (rotation @ (x - middle[:, None]) for x in (latents, output))
    torch.testing.assert_close(after[:, :2], before[:, :2], atol=1e-5, rtol=1e-5)
    rest = after[:, 2:].transpose(0, 1).flatten(1)
    torch.testing.assert_close(rest.mean(dim=1), torch.zeros(4), atol=0.05, rtol=0)
    torch.testing.assert_close(rest.cov(), torch.eye(4), atol=0.05, rtol=0)
    assert np.abs(np.corrcoef(rest[0], before[:, 2].flatten())[0, 1]) < 0.05


def test_nothing_kept_says_nothing_of_the_latent():
    latents, axes = latents_and_axes()
    outputs = [truncate(x, axes, 0, torch.Generator().manual_seed(0)) for x in (latents, -latents)]
    assert torch.equal(*outputs)


def test_a_dimensions_noise_is_the_same_whatever_is_kept():
    latents, axes = latents_and_axes()
    two, three = (truncate(latents, axes, kept, torch.Generator().manual_seed(0)) for kept in (2, 3))
    difference = (axes.axes.float() @ (two - three)).abs().amax(dim=(0, 2))
    assert (difference > 1e-3).tolist() == [False, False, True, False, False, False]


def test_a_decoder_that_ignores_what_is_dropped_hears_no_difference():
    latents, axes = latents_and_axes()
    decoder = random(3, 2).float() @ axes.axes[:2].float()
    torch.testing.assert_close(decoder @ truncate(latents, axes, 2), decoder @ latents, atol=1e-4, rtol=0)
    assert not torch.allclose(decoder @ truncate(latents, axes, 1), decoder @ latents, atol=0.1)


@pytest.mark.parametrize("kept", [-1, 7])
def test_more_dimensions_than_there_are_can_not_be_kept(kept):
    latents, axes = latents_and_axes()
    with pytest.raises(ValueError, match=f"kept: {kept} of 6"):
        truncate(latents, axes, kept)
