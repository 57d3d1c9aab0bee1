"""Exposure: a model whose errors add up is told from one whose errors do not."""

import pytest
import torch

from shared.generators.text_positions import Prompt
from shared.measurements.jobs.exposure_distances import continue_prompts, distance, measure_exposure
from shared.sampling.next_token import PatchSolver
from shared.sampling.next_token_config import NextTokenSolverConfig
from tests.generators.next_token_models import DIM, LATENTLM, SEMAVOICE, make_generator

SOLVER = NextTokenSolverConfig(kind="next_token", evaluations=2)


@pytest.mark.parametrize(("config", "keeps"), [(LATENTLM, 1.0), (LATENTLM, 0.0), (SEMAVOICE, 1.0)])
def test_errors_that_add_up_show_in_the_free_run_alone(config, keeps, monkeypatch):
    """A stand-in adds 0.5 to the share of the patch before that it keeps."""

    def biased(self, noise, state, previous):
        return noise + keeps * previous + 0.5

    monkeypatch.setattr(PatchSolver, "__call__", biased)
    generator, size = make_generator(config), config.patch
    torch.manual_seed(0)
    noise = [torch.randn(6 * size, DIM) for _ in range(40)]
    # The recorded latents are what an unbiased model would make of the same noise.
    latents = []
    for each in noise:
        patches = [torch.zeros(size, DIM)]
        for start in each.split(size):
            patches.append(start + keeps * patches[-1])
        latents.append(torch.cat(patches[1:]))
    prompts = [Prompt(None, 2 * size)] * 40
    found = measure_exposure(continue_prompts(generator, SOLVER, latents, prompts, ["ab"] * 40, noise))
    torch.testing.assert_close(found.teacher_forced, torch.full((4,), 0.25))
    bias = 0.5 * torch.arange(1, 5) if keeps else torch.full((4,), 0.5)
    torch.testing.assert_close(found.free_running, bias.square(), rtol=1e-4, atol=1e-4)
    assert found.recorded_clips.tolist() == found.free_running_clips.tolist() == [40] * 4


def test_only_clips_that_last_so_long_count_at_a_position():
    generator = make_generator()
    lengths = (4, 6, 6)
    latents, noise = ([torch.randn(n, DIM) for n in lengths] for _ in range(2))
    prompts = [Prompt(None, frames) for frames in (1, 1, 4)]
    found = measure_exposure(continue_prompts(generator, SOLVER, latents, prompts, ["ab"] * 3, noise))
    assert found.recorded_clips.tolist() == [3, 3, 2, 1, 1]
    assert found.teacher_forced.isnan().tolist() == [False, False, False, True, True]


def test_a_distance_is_zero_for_equal_sets_and_counts_spread_too():
    sets = torch.randn(500, 2, DIM)
    assert distance(sets, sets) == 0
    torch.testing.assert_close(distance(3 * sets, sets), torch.tensor(4.0), rtol=0.1, atol=0)
