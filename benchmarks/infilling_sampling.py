"""Sampling infilling generators, against what prepares text and context anew at each evaluation.

    .venv/bin/python benchmarks/infilling_sampling.py

A variant of each source, with its own sizes, solver and batch: LongCat's transformer on characters, F5-TTS's, and
LongCat's on captions. Clips are as long as two of the corpus of speech made here, the first half a prompt, or one of
its sounds. Models are untrained. That both make the same latents is checked. Process time, one thread, runs alternate,
medians.
"""

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import torch
from torch import Tensor

from shared.config import ConfigError
from shared.generators.builder import build_generator
from shared.generators.infilling import InfillingGenerator
from shared.job import run_job
from shared.plan.schema import Source
from shared.sampling.infilling import sample_latents

SENTENCE = "move the red box to the left of the door "
SPEECH = 5.0, SENTENCE * 2, 0.5  # seconds, text, and which share is a prompt
SOUND = 2.0, "a dog barks and then a bell rings twice", 0.0
CASES = (("longcat", "dim64", SPEECH), ("semantic_vae", "vanilla", SPEECH), ("target_kl", "kl160", SOUND))


@contextlib.contextmanager
def preparing_each_time(generator: InfillingGenerator) -> Iterator[None]:
    """Have all of `VelocityModel.forward` done at each evaluation."""
    model = generator.transformer
    prepare, predict = model.prepare, model.predict
    later = mock.patch.object(model, "prepare", lambda *inputs, blocks: inputs)
    now = mock.patch.object(model, "predict", lambda z, at, inputs: predict(z, at, prepare(*inputs)))
    with later, now:
        yield


def timed(run: Callable[[], Tensor]) -> tuple[float, Tensor]:
    """Process seconds of one run, and what it made."""
    start = time.process_time()
    made = run()
    return time.process_time() - start, made


def compare(source: str, variant: str, scale: str, clip: tuple[float, str, float], runs: int) -> str:
    """A line of the table."""
    config = Source(Path("replications") / source / "study.yaml").resolve(variant, scale)
    dim, batch, solver = config.autoencoder.bottleneck.dim, config.sampling.batch, config.sampling.solver
    seconds, text, share = clip
    frames = round(seconds * config.corpus.sample_rate / config.autoencoder.architecture.hop)
    torch.manual_seed(0)
    generator = build_generator(config.generator, dim).eval()
    if not isinstance(generator, InfillingGenerator):
        raise ConfigError(f"{source} {variant}: its generator does no infilling")
    for parameter in generator.transformer.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.02)
    noise, lengths = torch.randn(batch, frames, dim), torch.full((batch,), frames)
    prompts = [torch.randn(round(share * frames), dim) for _ in range(batch)]

    def run() -> Tensor:
        return sample_latents(generator, solver, noise, lengths, prompts, [text] * batch)

    spent = []
    for _ in range(runs + 1):  # the first, which warms up, is left out
        took, ours = timed(run)
        with preparing_each_time(generator):
            other, theirs = timed(run)
        spent.append((took, other))
    took, other = (statistics.median(each) for each in zip(*spent[1:], strict=True))
    return (
        f"| {source} {variant} | {frames} | {len(text)} | {solver.evaluations} | {took:.2f} | {other:.2f} "
        f"| {took / other:.2f} | {(ours - theirs).abs().max():.0e} |"
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="cpu", help="at which scale (default: cpu)")
    parser.add_argument("--runs", type=int, default=5, help="of each, alternating (default: 5)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("| variant | frames | characters | evaluations | ours s | each time s | ours / each time | differ by |")
    print("|---|---|---|---|---|---|---|---|")
    with torch.inference_mode():
        for source, variant, clip in CASES:
            print(compare(source, variant, arguments.scale, clip, arguments.runs), flush=True)


if __name__ == "__main__":
    run_job(main)
