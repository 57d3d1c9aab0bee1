"""Job: how far a next-token model drifts on its own errors, over the test items that it is sampled for."""

import csv
import io
from typing import NamedTuple

import torch
from torch import Tensor

from shared.config import ConfigError
from shared.corpora.test_items import TestItem, item_seed
from shared.files import write_json, write_text
from shared.generators.next_token import NextTokenGenerator
from shared.generators.text_positions import Prompt
from shared.job import run_job
from shared.measurements.jobs.exposure_distances import Continuations, Exposure, continue_prompts, measure_exposure
from shared.progress import Progress
from shared.sampling.next_token_config import NextTokenSolverConfig
from shared.sampling.samples import Sampler, sampler_of_job

ESTIMATOR = (
    "Fréchet distance of sampled to recorded latents at a position, channels apart; free-running minus teacher-forced, "
    "mean over positions, each weighted by its recorded clips"
)


class Example(NamedTuple):
    """Scaled latents of prompt and target `(frames, dim)`, the prompt, the text, and noise as long."""

    latents: Tensor
    prompt: Prompt
    text: str
    noise: Tensor


@torch.inference_mode()
def read_example(sampler: Sampler, index: int, item: TestItem) -> Example:
    """A numbered test item; the prompt is cut to whole patches, as in sampling."""
    rng = torch.Generator().manual_seed(item_seed(sampler.spec.seed, index))
    size = sampler.generator.patch
    given = sampler.prefix_samples(item) // sampler.autoencoder.hop
    parts = [item.target] if given else [clip for clip in (sampler.heard(item), item.target) if clip]
    *prompts, target = (sampler.encode(sampler.corpus.audio(clip), rng) / sampler.scale for clip in parts)
    prompts = [prompt[: len(prompt) // size * size] for prompt in prompts]
    latents = torch.cat([*prompts, target])
    noise = torch.randn(latents.shape, generator=rng).to(sampler.device)
    prompt = Prompt(sampler.prompt_text(item), given or sum(map(len, prompts)))
    return Example(latents, prompt, sampler.text(item), noise)


def continue_items(sampler: Sampler) -> Continuations:
    """The spec's test items, batch by batch."""
    items = list(enumerate(sampler.items()))
    progress = Progress("exposure_bias", len(items), unit="clip")
    generator, settings, size = sampler.generator, sampler.spec.sampling.solver, sampler.spec.sampling.batch
    if not isinstance(generator, NextTokenGenerator) or not isinstance(settings, NextTokenSolverConfig):
        raise ConfigError("exposure_bias is of next-token generators alone")
    clips = Continuations([], [], [])
    for start in range(0, len(items), size):
        examples = [read_example(sampler, *each) for each in items[start : start + size]]
        batch = continue_prompts(generator, settings, *map(list, zip(*examples, strict=True)))
        for kept, new in zip(clips, batch, strict=True):
            kept.extend(new)
        progress.update(len(examples))
    return clips


def to_csv(exposure: Exposure, seconds: float) -> str:
    """A row for each position, from 1; `seconds` is how long a patch lasts. An empty cell: fewer than two clips."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("position", "seconds", *Exposure._fields))
    for place, values in enumerate(zip(*(each.tolist() for each in exposure), strict=True), start=1):
        *distances, recorded, free = values
        shown = ("" if value != value else f"{value:.6g}" for value in distances)
        writer.writerow((place, f"{place * seconds:.6g}", *shown, recorded, free))
    return text.getvalue()


def main() -> None:
    """Command line of the job."""
    sampler, output = sampler_of_job(__doc__)
    clips = continue_items(sampler)
    exposure = measure_exposure(clips)
    made = {"estimator": ESTIMATOR, "embedder": None, "weights_sha256": None, "sample_rate": None}
    write_json(output.with_suffix(".json"), made | {"n": len(clips.recorded), "seed": sampler.spec.seed})
    frames = sampler.generator.patch * sampler.autoencoder.hop
    write_text(output, to_csv(exposure, frames / sampler.corpus.sample_rate))


if __name__ == "__main__":
    run_job(main)
