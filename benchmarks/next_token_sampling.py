"""Sampling a next-token model, against text of as many tokens from a Llama of the backbone's size, and a plain sampler.

    .venv/bin/python benchmarks/next_token_sampling.py

The head at one evaluation stands against `generate` of transformers, greedy, whose model is the backbone with a linear
layer on top. With the settings of the variant, guidance included, there is no peer: there we stand against a plain
sampler of a few lines, the decoder and the cache of transformers, the scheduler of diffusers, and the head called for
each branch. That both make the same latents is checked. Models are untrained and never end. Process time, one thread,
runs alternate, medians.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from torch import Tensor
from transformers import DynamicCache, LlamaForCausalLM

from shared.config import ConfigError
from shared.generators.builder import build_generator
from shared.generators.diffusion import COSINE, LEAST_LOG_RATIO, STEPS
from shared.generators.next_token import NextTokenGenerator
from shared.job import run_job
from shared.plan.schema import Source
from shared.sampling.next_token import sample_next_tokens
from shared.sampling.next_token_config import NextTokenSolverConfig

TEXT = "move the red box to the left of the door and then open it "
CHARACTERS_A_PATCH = 0.75


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Process seconds of one run, and what it made."""
    start = time.process_time()
    made = run()
    return time.process_time() - start, made


def make_generator(source: str, variant: str, scale: str) -> tuple[NextTokenGenerator, NextTokenSolverConfig, int]:
    """An untrained model whose head does not predict zero, how it is sampled, and the channels of a frame."""
    config = Source(Path("replications") / source / "study.yaml").resolve(variant, scale)
    dim = config.autoencoder.bottleneck.dim
    torch.manual_seed(0)
    generator = build_generator(config.generator, dim).eval()
    if not isinstance(generator, NextTokenGenerator):
        raise ConfigError(f"{source} {variant}: its generator is no next-token model")
    for parameter in generator.head.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.02)
    torch.nn.init.constant_(generator.end.bias, -100.0)
    return generator, config.sampling.solver, dim


@torch.inference_mode()
def sample_plainly(
    generator: NextTokenGenerator, settings: NextTokenSolverConfig, noise: Tensor, texts: list[str]
) -> Tensor:
    """Latents of `noise` `(batch, frames, dim)` after texts of one length, without a prompt."""
    scheduler = DPMSolverMultistepScheduler(
        STEPS, beta_schedule=COSINE, prediction_type=generator.diffusion.prediction, lambda_min_clipped=LEAST_LOG_RATIO
    )
    starts, count, cache = generator.patches(noise), len(texts), DynamicCache()
    sequences = generator.sequences(texts, [starts[0, :0]] * count)
    x, positions = (torch.stack(each) for each in zip(*sequences, strict=True))
    mask, tokens = torch.ones_like(positions, dtype=torch.long), positions.shape[1] - 1
    pace = generator.positions.tokens_per_patch.expand(count)
    patches = [torch.zeros_like(starts[:, 0])]
    for index, z in enumerate(starts.unbind(1)):
        if index:
            x = generator.connector(patches[-1].flatten(1)).unsqueeze(1)
            positions = generator.positions.of_patches(tokens, torch.full((count,), index), pace).unsqueeze(1)
            mask = torch.cat([mask, mask[:, :1]], dim=1)
        state = generator.backbone(x, positions, mask, cache)[:, -1]
        scheduler.set_timesteps(settings.evaluations)
        for step in scheduler.timesteps:
            given = z, (step / STEPS).expand(count)
            prediction = generator.head(*given, state, patches[-1])
            if settings.guidance:
                null = generator.head(*given, generator.null.expand_as(state), patches[-1])
                prediction = prediction + settings.guidance * (prediction - null)
            z = scheduler.step(prediction, step, z).prev_sample
        patches.append(z)
    return torch.cat(patches[1:], dim=1)


def compare(source: str, variant: str, scale: str, patches: int, batch: int, runs: int) -> Iterator[str]:
    """Two lines of the table: clips that last so long, sampled as a batch."""
    generator, usual, dim = make_generator(source, variant, scale)
    frames = patches * generator.config.patch
    texts = [(TEXT * 99)[: round(patches * CHARACTERS_A_PATCH)]] * batch
    generator.positions.measure(texts[:1], [frames])
    noise, lengths = torch.randn(batch, frames, dim), torch.full((batch,), frames)
    prompts = [torch.zeros(0, dim)] * batch
    llama = LlamaForCausalLM(generator.backbone.decoder.config).eval()
    llama.set_attn_implementation("sdpa")
    ids = torch.randint(1, llama.config.vocab_size, (batch, len(texts[0]) + 1))

    def ours(settings: NextTokenSolverConfig) -> Tensor:
        return torch.stack(sample_next_tokens(generator, settings, noise, lengths, prompts, texts))

    def peer() -> Tensor:
        return llama.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=patches, do_sample=False, pad_token_id=0
        )

    once = usual.model_copy(update={"evaluations": 1, "guidance": 0.0})
    for name, settings, other in (
        ("Llama.generate", once, peer), ("plain sampler", usual, lambda: sample_plainly(generator, usual, noise, texts))
    ):
        difference = (ours(settings) - sample_plainly(generator, settings, noise, texts)).abs().max()
        if other is peer and peer().shape[1] != ids.shape[1] + patches:
            raise ValueError("the peer made fewer tokens than were asked for")
        pairs = [(timed(lambda: ours(settings))[0], timed(other)[0]) for _ in range(runs)]  # noqa: B023
        mine, theirs = (statistics.median(each) for each in zip(*pairs, strict=True))
        yield (
            f"| {patches} | {settings.evaluations} | {settings.guidance:g} | {name} | {mine:.2f} | {theirs:.2f} "
            f"| {theirs / mine:.2f} | {difference:.0e} |"
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="latentlm", help="a folder under replications/ (default: latentlm)")
    parser.add_argument("--variant", default="hz15", help="whose sizes (default: hz15)")
    parser.add_argument("--scale", default="cpu", help="at which scale (default: cpu)")
    parser.add_argument("--patches", nargs="+", type=int, default=[80, 400], help="lengths of clips (default: 80 400)")
    parser.add_argument("--batch", type=int, default=8, help="clips sampled at once (default: 8)")
    parser.add_argument("--runs", type=int, default=5, help="of each, alternating (default: 5)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("| patches | evaluations | guidance | against | ours s | theirs s | theirs / ours | latents differ by |")
    print("|---|---|---|---|---|---|---|---|")
    for patches in arguments.patches:
        sizes = arguments.source, arguments.variant, arguments.scale
        for line in compare(*sizes, patches, arguments.batch, arguments.runs):
            print(line, flush=True)


if __name__ == "__main__":
    run_job(main)
