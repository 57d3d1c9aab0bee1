"""Sampling: the prompt's path, exact solutions, batching."""

import pytest
import torch
from torch import nn

from shared.generators.builder import build_generator
from shared.generators.config import CharactersConfig, DiTConfig, GeneratorConfig
from shared.generators.sampling import sample_latents
from shared.generators.sampling_config import GuidanceConfig, SolverConfig

CONFIG = GeneratorConfig(
    architecture=DiTConfig(kind="dit", width=16, depth=1, heads=1, text_layers=1),
    text=CharactersConfig(kind="characters", dim=4),
)
NOISE = torch.randn(2, 8, 3, generator=torch.Generator().manual_seed(0))
PROMPTS = [torch.full((3, 3), 0.5), torch.full((2, 3), -0.5)]
FRAMES = torch.tensor([8, 6])
TEXTS = ["ab cd", "a bc"]


class Recorder(nn.Module):
    """Stands for a trained transformer: the flow towards `target`, and a record of what it was asked."""

    def __init__(self, target: float):
        super().__init__()
        self.target, self.calls = target, []

    def forward(self, latents, time, context, frames, text, keep, return_layer=None):
        self.calls.append((latents.clone(), context.clone(), keep.clone()))
        return (self.target - latents) / (1 - time[:, None, None])


def make_generator(transformer: nn.Module | None = None) -> nn.Module:
    torch.manual_seed(0)
    generator = build_generator(CONFIG, latent_dim=3).eval()
    nn.init.normal_(generator.transformer.project.weight, std=0.5)
    if transformer is not None:
        generator.transformer = transformer
    return generator


def sample(generator: nn.Module, **settings) -> torch.Tensor:
    return sample_latents(generator, SolverConfig(**settings), NOISE, FRAMES, PROMPTS, TEXTS)


@pytest.mark.parametrize("evaluations", [1, 5])
def test_euler_follows_a_straight_flow_exactly(evaluations):
    """The flow towards a point is straight, so any number of Euler steps lands on it."""
    result = sample(make_generator(Recorder(2.0)), evaluations=evaluations, guidance=GuidanceConfig(scale=0.0))
    torch.testing.assert_close(result[0, 3:], torch.full((5, 3), 2.0))
    torch.testing.assert_close(result[0, :3], PROMPTS[0])


def test_number_of_evaluations_is_the_nfe():
    recorder = Recorder(0.0)
    sample(make_generator(recorder), evaluations=4)
    assert len(recorder.calls) == 2 * 4


def test_prompt_fix_keeps_the_prompt_on_its_path_and_hides_it_from_the_unconditional_branch():
    recorder = Recorder(0.0)
    sample(make_generator(recorder), evaluations=4)
    for step in range(4):
        (z, context, keep), (null_z, null_context, null_keep) = recorder.calls[2 * step : 2 * step + 2]
        t = step / 4
        torch.testing.assert_close(z[0, :3], (1 - t) * NOISE[0, :3] + t * PROMPTS[0])
        torch.testing.assert_close(context[0, :3], PROMPTS[0])
        assert null_z[0, :3].abs().sum() == 0
        torch.testing.assert_close(null_z[0, 3:], z[0, 3:])
        assert null_context.abs().sum() == 0 and null_keep.tolist() == [0, 0] and keep.tolist() == [1, 1]


def test_without_the_fix_the_prompt_part_evolves_freely():
    recorder = Recorder(0.0)
    sample(make_generator(recorder), evaluations=4, prompt_fix=False, guidance=GuidanceConfig(scale=0.0))
    torch.testing.assert_close(recorder.calls[2][0][0, :3], 0.5 * NOISE[0, :3])


def test_a_batch_gives_what_its_examples_give_alone():
    generator = make_generator()
    together = sample(generator)
    alone = sample_latents(generator, SolverConfig(), NOISE[1:, :6], FRAMES[1:], PROMPTS[1:], TEXTS[1:])
    torch.testing.assert_close(together[1, :6], alone[0], rtol=1e-4, atol=1e-4)
