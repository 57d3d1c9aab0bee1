"""Sampling patch by patch: batches, guidance, the prompt, the end."""

import pytest
import torch

from shared.generators.diffusion import solver_steps
from shared.sampling.next_token import PatchSolver, Reader, sample_next_tokens
from shared.sampling.next_token_config import NextTokenSolverConfig
from tests.generators.next_token_models import DIM, LATENTLM, SEMAVOICE, make_generator

NOISE = torch.randn(3, 12, DIM, generator=torch.Generator().manual_seed(0))
FRAMES = torch.tensor([12, 6, 8])
PROMPTS = [torch.full((4, DIM), 0.5), torch.zeros(0, DIM), torch.full((2, DIM), -0.5)]
TEXTS = ["ab cd", "a", "abcdefgh"]
CONFIGS = [LATENTLM, *(SEMAVOICE.model_copy(update={"text_positions": each}) for each in ("before", "beside", "paced"))]
PACES = torch.tensor([0.5, 1.0, 2.0])


def solver(**settings) -> NextTokenSolverConfig:
    return NextTokenSolverConfig(kind="next_token", **{"evaluations": 3, "guidance": 1.5, **settings})


@pytest.mark.parametrize("config", [LATENTLM, SEMAVOICE])
@pytest.mark.parametrize("guidance", [0.0, 2.5])
def test_a_patch_is_solved_with_the_heads_guided_predictions(config, guidance):
    """Guidance drops the state and keeps the patch before."""
    generator = make_generator(config)
    noise, previous = torch.randn(2, 2, config.patch, DIM)
    states = torch.randn(2, 16)
    steps = solver_steps(3)

    def predict(noisy, index):
        time = torch.full((2,), steps[index].time)
        conditional = generator.head(noisy, time, states, previous)
        return (1 + guidance) * conditional - guidance * generator.head(noisy, time, nulls, previous)

    nulls = generator.null.expand(2, -1)
    solve_patch = PatchSolver(generator, solver(guidance=guidance))
    expected = generator.diffusion.solve(predict, noise, 3)
    torch.testing.assert_close(solve_patch(noise, states, previous), expected, rtol=1e-5, atol=1e-5)
    nulls = states
    assert torch.allclose(generator.diffusion.solve(predict, noise, 3), expected) == (guidance == 0)


@pytest.mark.parametrize("config", CONFIGS)
def test_a_batch_gives_what_its_examples_give_alone(config):
    generator = make_generator(config)
    together = sample_next_tokens(generator, solver(), NOISE, FRAMES, PROMPTS, TEXTS, paces=PACES)
    for index, expected in enumerate(together):
        one = slice(index, index + 1)
        noise = NOISE[one, : int(FRAMES[index])]
        alone = sample_next_tokens(generator, solver(), noise, FRAMES[one], PROMPTS[one], TEXTS[one], paces=PACES[one])
        torch.testing.assert_close(alone[0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("config", CONFIGS)
def test_sampling_reads_what_training_reads(config):
    """The states that patches are sampled from are those of a pass over the whole sequence."""
    generator = make_generator(config)
    size = config.patch
    latents = torch.randn(3, 6 * size, DIM)
    patches = generator.patches(latents)
    with torch.inference_mode():
        expected = generator.states(patches, torch.tensor([6, 6, 6]), TEXTS, PACES)
        reader = Reader(generator, TEXTS, [patches[0, :3], patches[1, :3], patches[2, :3]], 3, PACES)
        torch.testing.assert_close(reader.state, expected[:, 3], rtol=1e-4, atol=1e-5)
        for index in (3, 4, 5):
            reader.append(patches[:, index])
            torch.testing.assert_close(reader.state, expected[:, index + 1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("config", CONFIGS)
def test_each_example_stops_where_its_speech_ends(config, monkeypatch):
    generator = make_generator(config)
    everything = sample_next_tokens(generator, solver(), NOISE, FRAMES, PROMPTS, TEXTS)
    logits = iter([[-1.0, 1.0, -1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], *[[-1.0] * 3] * 9])
    monkeypatch.setattr(generator, "end", torch.nn.Identity())
    generator.end.forward = lambda state: torch.tensor(next(logits)).unsqueeze(-1)
    sampled = sample_next_tokens(generator, solver(), NOISE, FRAMES, PROMPTS, TEXTS)
    assert [len(each) for each in sampled] == [2 * config.patch, config.patch, 6]
    for ours, whole in zip(sampled, everything, strict=True):
        torch.testing.assert_close(ours, whole[: len(ours)])


def test_a_model_that_ends_at_once_speaks_one_patch_and_reads_no_more(monkeypatch):
    generator = make_generator()
    torch.nn.init.constant_(generator.end.bias, 100.0)
    calls = []
    append = Reader.append
    monkeypatch.setattr(Reader, "append", lambda *args: calls.append(append(*args)))
    sampled = sample_next_tokens(generator, solver(), NOISE, FRAMES, PROMPTS, TEXTS)
    assert [len(each) for each in sampled] == [1, 1, 1] and len(calls) == 1


def test_an_unfinished_patch_of_the_prompt_is_cut_off():
    generator = make_generator(SEMAVOICE)
    prompt = torch.randn(5, DIM)
    frames, noise = torch.tensor([11]), torch.randn(1, 11, DIM)
    whole = sample_next_tokens(generator, solver(), noise, frames, [prompt], ["ab"])
    cut = sample_next_tokens(generator, solver(), noise[:, 1:], frames - 1, [prompt[:4]], ["ab"])
    assert len(whole[0]) == 6
    torch.testing.assert_close(whole[0], cut[0])


@pytest.mark.parametrize("config", [LATENTLM, SEMAVOICE])
def test_prompt_text_and_own_patches_are_listened_to(config):
    generator = make_generator(config)
    usual = sample_next_tokens(generator, solver(), NOISE, FRAMES, PROMPTS, TEXTS)[0]
    other_text = sample_next_tokens(generator, solver(), NOISE, FRAMES, PROMPTS, ["zz zz", *TEXTS[1:]])[0]
    prompts = [PROMPTS[0] + 1, *PROMPTS[1:]]
    other_prompt = sample_next_tokens(generator, solver(), NOISE, FRAMES, prompts, TEXTS)[0]
    noise = NOISE.clone()
    noise[0, 4] += 1  # what the first target frame is made from
    other_first = sample_next_tokens(generator, solver(), noise, FRAMES, PROMPTS, TEXTS)[0]
    for other in (other_text, other_prompt, other_first):
        assert (usual - other)[config.patch :].abs().amax(dim=1).min() > 1e-6
