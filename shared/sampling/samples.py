"""Job: say each test text in the voice of its prompt, with a trained generator and its autoencoder.

A test item without a prompt is a sound: it is made from its caption alone, with nothing to continue, and as long as
the target clip, since how long a text takes to be said says nothing about it.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from shared.config import Strict, parse
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, Split
from shared.corpora.test_items import TestItem, item_seed, swapped_prompt, test_items
from shared.files import read_json
from shared.job import job_parser, run_job, set_threads
from shared.progress import Progress
from shared.sampling.clips import GeneratedClip, write_clips
from shared.sampling.config import PrefixConfig, SamplingConfig
from shared.sampling.duration import DurationModel
from shared.sampling.pair import Pair


class SamplesSpec(Strict):
    """The whole config of this job."""

    generator: dict[str, Any]
    sampling: SamplingConfig
    clips: int = Field(gt=0)
    seed: int = Field(description="of the noise and the choice of prompts, the same for every variant")
    split: Split = "test"
    rate: int | None = None  # Hz of the clips where that is not the corpus's


class Sampler(Pair):
    """Generates test items of a corpus."""

    def __init__(self, spec: SamplesSpec, corpus: Corpus, autoencoder: Path, generator: Path):
        super().__init__(autoencoder, generator)
        self.spec, self.corpus = spec, corpus

    @cached_property
    def duration(self) -> DurationModel:
        """Fitted to the corpus, if a text is to be spoken at all."""
        return DurationModel(self.spec.sampling.duration, self.corpus.split("train"))

    def generate(self, items: list[tuple[int, TestItem]]) -> list[np.ndarray]:
        """Waveforms of numbered test items, prompts removed but for prefixes."""
        examples = [self._prepare(index, item) for index, item in items]
        prompts, noises = [e[0] for e in examples], [e[1] for e in examples]
        texts = [self.text(item) for _, item in items]
        said = [self.prompt_text(item) for _, item in items]
        latents = self.sample(self.spec.sampling.solver, noises, prompts, texts, said)
        if self.prefix:
            # Whole words can't be told from the first second: the clip begins with what was given.
            latents = [torch.cat([prompt, each]) for prompt, each in zip(prompts, latents, strict=True)]
        return [self.decode(each) for each in latents]

    @property
    def prefix(self) -> PrefixConfig | None:
        """How much of the target itself is given, if that is the prompt."""
        prompt = self.spec.sampling.prompt
        return prompt if isinstance(prompt, PrefixConfig) else None

    def prefix_samples(self, item: TestItem) -> int:
        """Samples of the target that are given: whole patches of latent frames, one at least; 0 without a prefix."""
        if self.prefix is None or item.prompt is None:
            return 0
        size = self.generator.patch * self.autoencoder.hop
        seconds = min(self.prefix.prefix_seconds, item.target.seconds / 2)
        return max(1, int(seconds * self.corpus.sample_rate / size)) * size

    def heard(self, item: TestItem) -> Clip | None:
        """The recording that an item is prompted with; if it is swapped, its text is still that of `item.prompt`."""
        if item.prompt is None:
            return None
        if self.prefix:
            return item.target
        swapped = self.spec.sampling.prompt == "swapped"
        return swapped_prompt(self.corpus.manifest, item, self.spec.seed) if swapped else item.prompt

    def prompt_text(self, item: TestItem) -> str | None:
        """What is said in the prompt; None where there is none, and of a prefix, whose words can't be told."""
        return None if item.prompt is None or self.prefix else item.prompt.text

    def text(self, item: TestItem) -> str:
        """What is said from the beginning of the prompt to the end."""
        prompt = self.prompt_text(item)
        return item.target.text if prompt is None else f"{prompt} {item.target.text}"

    def items(self) -> list[TestItem]:
        """What the spec asks to be generated."""
        return test_items(self.corpus.manifest, self.spec.clips, self.spec.seed, self.spec.split)

    @torch.inference_mode()
    def _prepare(self, index: int, item: TestItem) -> tuple[Tensor, Tensor]:
        """The prompt's scaled latents, of 0 frames without one, and the noise of prompt and target, `(frames, dim)`."""
        rng = torch.Generator().manual_seed(item_seed(self.spec.seed, index))
        heard = self.heard(item)
        if heard is None:
            prompt = self.no_prompt
            seconds = item.target.seconds
        elif given := self.prefix_samples(item):
            prompt = self.encode(self.corpus.audio(heard)[..., :given], rng)
            # What is left of the recording: the pace of a part whose text is not known can't be told.
            seconds = heard.seconds - given / self.corpus.sample_rate
        else:
            prompt = self.encode(self.corpus.audio(heard), rng)
            seconds = self.duration.seconds(item.target.text, heard.text, heard.seconds)
        seconds = seconds * self.spec.sampling.solver.longest
        target = max(1, round(seconds * self.corpus.sample_rate / self.autoencoder.hop))
        noise = torch.randn(len(prompt) + target, self.autoencoder.latent_dim, generator=rng)
        return prompt / self.scale, noise.to(self.device)


def sample_clips(sampler: Sampler) -> Iterator[tuple[GeneratedClip, np.ndarray]]:
    """Generate the spec's test items, batch by batch."""
    items = list(enumerate(sampler.items()))
    progress = Progress("sample", len(items), unit="clip")
    size = sampler.spec.sampling.batch
    for start in range(0, len(items), size):
        batch = items[start : start + size]
        for (_, item), audio in zip(batch, sampler.generate(batch), strict=True):
            clip = GeneratedClip(
                id=item.target.id, file=f"clips/{item.target.id}.wav", text=item.target.text, reference=None,
                prompt=getattr(sampler.heard(item), "id", None), speaker=item.target.speaker,
                prefix_seconds=sampler.prefix_samples(item) / sampler.corpus.sample_rate or None,
            )
            yield clip, audio
        progress.update(len(batch))


def sampler_of_job(about: str) -> tuple[Sampler, Path]:
    """What the command line of a job names that samples, and the file that it is to write."""
    parser = job_parser(
        about, corpus="manifest.json", autoencoder="model.safetensors of the autoencoder",
        generator="model.safetensors of the generator",
    )
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec = parse(SamplesSpec, read_json(arguments.spec), arguments.spec)
    models = Path(arguments.autoencoder), Path(arguments.generator)
    return Sampler(spec, Corpus(arguments.corpus), *models), Path(arguments.output)


def main() -> None:
    """Command line of the job."""
    sampler, output = sampler_of_job(__doc__)
    write_clips(output, sampler.corpus.sample_rate, sample_clips(sampler), sampler.spec.rate)


if __name__ == "__main__":
    run_job(main)
