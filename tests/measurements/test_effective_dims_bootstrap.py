"""The bootstrap of compactness: sums of clips give what all frames of the drawn clips give."""

import numpy as np
import pytest
import torch

from shared.measurements.jobs.effective_dims import (
    FIDELITIES,
    RULES,
    active_dims,
    channel_kl,
    effective_dims,
    principal_axes,
)
from shared.measurements.jobs.effective_dims_bootstrap import CHUNK, NAMES, clip_sums, measure, singular_values

LENGTHS = (40, 25, 60)
OFFSETS = torch.tensor([0, *np.cumsum(LENGTHS)])


def posteriors(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Clips about means of their own, in six channels of which the last two hold nearly nothing."""
    generator = torch.Generator().manual_seed(seed)
    size = torch.tensor([3.0, 2.0, 1.0, 0.5, 1e-3, 1e-5])
    mean = torch.cat([torch.randn(6, generator=generator) + torch.randn(n, 6, generator=generator) for n in LENGTHS])
    std = 1 / (1 + size.square()).sqrt()
    return mean * size + 5, std.expand(sum(LENGTHS), 6)


def drawn_frames(values: torch.Tensor, weights: list[int]) -> torch.Tensor:
    clips = values.tensor_split(OFFSETS[1:-1])
    return torch.cat([clip for clip, times in zip(clips, weights, strict=True) for _ in range(times)])


@pytest.mark.parametrize("weights", [[1, 1, 1], [2, 0, 1], [0, 3, 0], [1, 2, 0]])
def test_it_is_what_a_direct_svd_of_the_drawn_frames_gives(weights):
    mean, std = posteriors()
    sums = clip_sums(mean, std, OFFSETS)
    times = torch.tensor([weights], dtype=torch.float64)
    frames, spread = drawn_frames(mean, weights), drawn_frames(std, weights)
    expected = principal_axes(frames).singular_values
    torch.testing.assert_close(singular_values(sums, times)[0], expected, rtol=1e-6, atol=1e-6)
    found = dict(zip(NAMES, measure(sums, times)[:, 0].tolist(), strict=True))
    for rule in RULES:
        for fidelity in FIDELITIES:
            assert found["effective_dims", rule, fidelity] == effective_dims(expected, fidelity, rule)
    kl = channel_kl(frames, spread)
    assert found["kl", None, None] == pytest.approx(kl.sum().item())
    assert found["active_dims", None, None] == active_dims(kl)


def test_many_replicates_are_each_what_they_are_alone():
    sums = clip_sums(*posteriors(), OFFSETS)
    rng = np.random.default_rng(0)
    weights = torch.from_numpy(rng.multinomial(3, [1 / 3] * 3, size=2 * CHUNK + 3).astype(float))
    together = measure(sums, weights)
    assert together.shape == (len(NAMES), 2 * CHUNK + 3)
    for index in (0, CHUNK, 2 * CHUNK + 2):
        torch.testing.assert_close(together[:, index], measure(sums, weights[index : index + 1])[:, 0])


def test_a_collapsed_latent_has_none_and_one_without_noise_no_kl():
    mean = torch.full((125, 6), 0.25)
    ones = torch.ones(1, 3)
    assert measure(clip_sums(mean, torch.ones(125, 6), OFFSETS), ones)[:12].abs().max() == 0
    found = measure(clip_sums(posteriors()[0], torch.zeros(125, 6), OFFSETS), ones)[:, 0]
    assert found[:12].min() > 0 and found[12:].isnan().all()
