"""What the key-value cache saves in sampling a next-token model, and the real-time factor.

    .venv/bin/python benchmarks/next_token_sampling.py --source latentlm --variant hz15 --scale cpu --seconds 2 10

Models are untrained, of a variant's sizes, and speech never ends, so that every run makes as much. Runs with and
without the cache alternate; the medians of process time on one thread are printed. That both make the same latents is
checked.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from shared.autoencoders.builder import build_autoencoder
from shared.config import ConfigError
from shared.generators.builder import build_generator
from shared.generators.next_token import NextTokenGenerator
from shared.job import run_job
from shared.plan.schema import Source
from shared.sampling.next_token import sample_next_tokens

TEXT = "move the red box to the left of the door and then open it "
CHARACTERS_A_SECOND = 15


def timed(run: Callable[[], list[Tensor]]) -> tuple[float, list[Tensor]]:
    """Process seconds of one run, and what it made."""
    start = time.process_time()
    made = run()
    return time.process_time() - start, made


def compare(source: str, variant: str, scale: str, seconds: float, batch: int, runs: int) -> str:
    """A line of the table: clips that last so long, sampled as a batch."""
    config = Source(Path("replications") / source / "study.yaml").resolve(variant, scale)
    torch.manual_seed(0)
    generator = build_generator(config.generator, config.autoencoder.bottleneck.dim).eval()
    if not isinstance(generator, NextTokenGenerator):
        raise ConfigError(f"{source} {variant}: its generator is no next-token model")
    torch.nn.init.constant_(generator.end.bias, -100.0)
    autoencoder = build_autoencoder(config.autoencoder).eval()
    dim, frames = config.autoencoder.bottleneck.dim, round(seconds * config.frame_rate)
    text = (TEXT * 99)[: round(seconds * CHARACTERS_A_SECOND)]
    generator.positions.measure([text], [frames])
    noise, lengths = torch.randn(batch, frames, dim), torch.full((batch,), frames)
    prompts = [torch.zeros(0, dim)] * batch

    def sample(cache: bool) -> list[Tensor]:
        return sample_next_tokens(generator, config.sampling.solver, noise, lengths, prompts, [text] * batch, cache)

    def decode() -> list[Tensor]:
        with torch.inference_mode():
            return [autoencoder.decode(each.T.unsqueeze(0)) for each in latents]

    spent: dict[str, list[float]] = {"cache": [], "none": [], "decode": []}
    for _ in range(runs):
        took, latents = timed(lambda: sample(True))
        spent["cache"].append(took)
        took, again = timed(lambda: sample(False))
        spent["none"].append(took)
        torch.testing.assert_close(latents, again, rtol=1e-2, atol=1e-2)
        spent["decode"].append(timed(decode)[0])
    cache, none, decoding = (statistics.median(each) for each in spent.values())
    factor = (cache + decoding) / (batch * seconds)
    return f"{seconds:7.1f} {batch:6d} {cache:8.2f} {none:9.2f} {none / cache:7.2f} {decoding:8.2f} {factor:7.3f}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="latentlm", help="a folder under replications/ (default: latentlm)")
    parser.add_argument("--variant", default="hz15", help="whose sizes (default: hz15)")
    parser.add_argument("--scale", default="cpu", help="at which scale (default: cpu)")
    parser.add_argument("--seconds", nargs="+", type=float, default=[2.0, 10.0, 30.0], help="lengths of clips")
    parser.add_argument("--batch", type=int, default=8, help="clips sampled at once (default: 8)")
    parser.add_argument("--runs", type=int, default=3, help="of each, alternating (default: 3)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("seconds  batch  cache s  without s  ratio  decode s  real-time factor")
    for seconds in arguments.seconds:
        print(compare(arguments.source, arguments.variant, arguments.scale, seconds, arguments.batch, arguments.runs))


if __name__ == "__main__":
    run_job(main)
