"""Sampling: steps, the prompt's path, exact solutions, batching."""

import math

import pytest
import torch
from torch import nn

from shared.generators.base import VelocityModel
from shared.generators.builder import build_generator
from shared.generators.dit_config import DiTConfig
from shared.generators.f5_config import F5Config
from shared.generators.infilling_config import InfillingConfig
from shared.generators.stable_audio_config import StableAudioDiTConfig
from shared.sampling.infilling import sample_latents, solver_times
from shared.sampling.infilling_config import GuidanceConfig, InfillingSolverConfig
from shared.text.encoders.characters_config import CharactersConfig

CONFIG = InfillingConfig(
    architecture=DiTConfig(kind="dit", width=16, depth=1, heads=1, text_layers=1),
    text=CharactersConfig(kind="characters", dim=4),
)
F5 = InfillingConfig(
    architecture=F5Config(kind="f5", width=16, depth=1, heads=1, head_dim=4, text_layers=1),
    text=CharactersConfig(kind="characters", dim=4),
)
STABLE_AUDIO = InfillingConfig(
    architecture=StableAudioDiTConfig(kind="stable_audio", width=16, depth=1, heads=1, memory_tokens=2),
    text=CharactersConfig(kind="characters", dim=4),
)
NOISE = torch.randn(2, 8, 3, generator=torch.Generator().manual_seed(0))
PROMPTS = [torch.full((3, 3), 0.5), torch.full((2, 3), -0.5)]
FRAMES = torch.tensor([8, 6])
TEXTS = ["ab cd", "a bc"]


class Recorder(VelocityModel):
    """Stands for a trained transformer: the flow towards `target`, and a record of what it was asked."""

    def __init__(self, target: float):
        super().__init__()
        self.target, self.calls = target, []

    def prepare(self, context, frames, text, keep, blocks=False):
        return context, keep

    def predict(self, latents, time, condition, return_layer=None):
        self.calls.append((latents.clone(), *condition))
        return (self.target - latents) / (1 - time[:, None, None])


def make_generator(transformer: nn.Module | None = None, config: InfillingConfig = CONFIG) -> nn.Module:
    torch.manual_seed(0)
    generator = build_generator(config, latent_dim=3).eval()
    nn.init.normal_(generator.transformer.project.weight, std=0.5)
    if config is STABLE_AUDIO:  # its cross-attention, the text's only way in, is 0 at first
        nn.init.normal_(generator.transformer.blocks[0].cross_attention.out.weight, std=0.5)
    if transformer is not None:
        generator.transformer = transformer
    return generator


def sample(generator: nn.Module, **settings) -> torch.Tensor:
    return sample_latents(generator, InfillingSolverConfig(**settings), NOISE, FRAMES, PROMPTS, TEXTS)


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


@pytest.mark.parametrize("sway", [-1.0, -0.4, 1.75])
def test_sway_moves_the_steps_and_not_the_ends(sway):
    times = solver_times(InfillingSolverConfig(evaluations=8, sway=sway))
    for step, time in enumerate(times):
        u = step / 8
        assert time == pytest.approx(u + sway * (math.cos(math.pi / 2 * u) - 1 + u), abs=1e-6)
    assert (times[0], times[-1]) == (0.0, pytest.approx(1.0, abs=1e-6)) and times == sorted(times)
    if sway == -1.0:
        assert times[1] == pytest.approx(1 - math.cos(math.pi / 16), abs=1e-6) and times[1] < 1 / 8


def test_without_sway_the_steps_are_equal():
    assert solver_times(InfillingSolverConfig(evaluations=4)) == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_steps_that_would_go_back_are_refused():
    for sway in (-1.01, 1.76):
        with pytest.raises(ValueError, match="sway"):
            InfillingSolverConfig(sway=sway)


def test_f5_guides_away_from_no_text_and_no_context_and_leaves_the_prompt_part_alone():
    """Its classifier-free guidance is v + 2 (v − v_null), with z_t the same in both."""
    recorder = Recorder(0.0)
    settings = {"sway": -1.0, "prompt_fix": False, "guidance": GuidanceConfig(kind="cfg", scale=2.0)}
    sample(make_generator(recorder), evaluations=4, **settings)
    for (z, context, keep), (null_z, null_context, null_keep) in zip(*[iter(recorder.calls)] * 2, strict=True):
        assert torch.equal(null_z, z) and z[0, :3].abs().sum() > 0
        torch.testing.assert_close(context[0, :3], PROMPTS[0])
        assert null_context.abs().sum() == 0 and null_keep.tolist() == [0, 0] and keep.tolist() == [1, 1]


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


@pytest.mark.parametrize("config", [CONFIG, F5, STABLE_AUDIO])
def test_conditions_are_prepared_once_and_as_if_at_each_step(config, monkeypatch):
    """Each of two conditions, with and without text, serves all evaluations."""
    generator = make_generator(config=config)
    kind, prepared = type(generator.transformer), []

    def prepare(model, *inputs, blocks=False):
        prepared.append(blocks)
        return kind_prepare(model, *inputs, blocks)

    kind_prepare = kind.prepare
    monkeypatch.setattr(kind, "prepare", prepare)
    result = sample(generator, evaluations=3)
    assert prepared == [True, True]
    generator.transformer.prepare = lambda *inputs, blocks: inputs
    generator.transformer.predict = lambda latents, time, inputs: kind.predict(
        generator.transformer, latents, time, kind_prepare(generator.transformer, *inputs)
    )
    torch.testing.assert_close(sample(generator, evaluations=3), result)


@pytest.mark.parametrize("config", [CONFIG, F5, STABLE_AUDIO])
def test_without_a_prompt_every_frame_is_made_from_the_text(config):
    generator = make_generator(config=config)

    def unprompted(texts, prompt_fix=True):
        solver = InfillingSolverConfig(prompt_fix=prompt_fix)
        return sample_latents(generator, solver, NOISE, FRAMES, [torch.zeros(0, 3)] * 2, texts)

    result = unprompted(TEXTS)
    assert torch.isfinite(result).all() and (result != NOISE)[0].all()
    assert torch.equal(result, unprompted(TEXTS, prompt_fix=False))
    other = unprompted(["dc bb", TEXTS[1]])
    assert not torch.allclose(other[0], result[0]) and torch.equal(other[1], result[1])


@pytest.mark.parametrize("config", [CONFIG, F5, STABLE_AUDIO])
def test_a_batch_gives_what_its_examples_give_alone(config):
    generator = make_generator(config=config)
    together = sample(generator)
    alone = sample_latents(generator, InfillingSolverConfig(), NOISE[1:, :6], FRAMES[1:], PROMPTS[1:], TEXTS[1:])
    torch.testing.assert_close(together[1, :6], alone[0], rtol=1e-4, atol=1e-4)
