"""Job: train a generator on the latents of one autoencoder, by conditional flow matching."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from shared.cli import job_parser, run_job, set_threads
from shared.config import Strict, parse
from shared.corpora.manifest import Clip, load_clip, load_manifest
from shared.evaluators.speech_encoder import SpeechEncoder, interpolate
from shared.files import read_json
from shared.generators.builder import build_generator, saved_state
from shared.generators.config import GeneratorConfig
from shared.generators.flow_matching import draw_example, flow_matching_loss
from shared.generators.repa import Repa
from shared.progress import Progress
from shared.training.config import GeneratorRecipe
from shared.training.job import fingerprint, save_model
from shared.training.latents import Latents, load_latents
from shared.training.loop import Task, fit, make_accelerator, make_optimizer
from shared.training.micro_batches import MicroBatches
from shared.training.models import prepare_model


class GeneratorSpec(Strict):
    """The whole config of this job."""

    corpus: dict[str, Any]
    autoencoder: dict[str, Any]
    generator: GeneratorRecipe
    seed: int


class Batch(NamedTuple):
    """Padded latents `(batch, frames, dim)`, true lengths `(batch,)`, texts, and REPA's targets if there are any."""

    latents: Tensor
    frames: Tensor
    texts: list[str]
    targets: Tensor | None


class LatentExamples:
    """Draws batches: utterances of one speaker, joined in latents and in text."""

    def __init__(self, latents: Latents, clips: list[Clip], scale: float, utterances: int):
        self.latents, self.clips, self.scale, self.utterances = latents, clips, scale, utterances
        self.targets: list[Tensor] | None = None
        self.of_speaker: dict[str, np.ndarray] = {}
        for speaker in sorted({clip.speaker for clip in clips}):
            self.of_speaker[speaker] = np.array([i for i, clip in enumerate(clips) if clip.speaker == speaker])

    def draw(self, batch: int, generator: np.random.Generator) -> Batch:
        """A batch, from `generator` and (for the posterior's noise) torch's global generator."""
        examples, texts, targets = [], [], []
        for first in generator.integers(len(self.clips), size=batch):
            same = self.of_speaker[self.clips[first].speaker]
            chosen = [int(first), *generator.choice(same, size=self.utterances - 1)]
            examples.append(torch.cat([self.latents.sample(i) for i in chosen]) / self.scale)
            texts.append(" ".join(self.clips[i].text for i in chosen))
            if self.targets:
                targets.append(torch.cat([self.targets[i] for i in chosen]))
        frames = torch.tensor([len(example) for example in examples])
        padded_targets = pad_sequence(targets, batch_first=True) if targets else None
        return Batch(pad_sequence(examples, batch_first=True), frames, texts, padded_targets)


def teacher_targets(teacher: SpeechEncoder, corpus: Path, latents: Latents) -> list[Tensor]:
    """The teacher's features of each training clip at the latent frame rate, each `(frames, teacher_dim)`."""
    manifest = load_manifest(corpus)
    clips = manifest.split("train")
    progress = Progress("teacher features", len(clips), unit="clip")
    targets = []
    for clip, frames in zip(clips, latents.offsets.diff().tolist(), strict=True):
        features = teacher(load_clip(corpus, clip), manifest.sample_rate)
        targets.append(interpolate(features, (torch.arange(frames) + 0.5) / frames))
        progress.update()
    return targets


class GeneratorStep:
    """One update. total = flow matching + repa.weight · REPA."""

    def __init__(self, spec: GeneratorSpec, examples: LatentExamples):
        self.recipe, self.examples = spec.generator, examples
        training = self.recipe.training
        self.generator = build_generator(self.recipe, examples.latents.dim)
        self.repa = Repa(self.recipe.architecture.width, examples.targets[0].shape[1]) if self.recipe.repa else None
        self.accelerator = make_accelerator(training.precision)
        self.micro_batches = MicroBatches(self.accelerator, training, spec.seed)
        self.model = prepare_model(self.generator, self.accelerator, training)
        self.align = prepare_model(self.repa, self.accelerator, training) if self.repa else None
        modules = [self.generator] + ([self.repa] if self.repa else [])
        self.trained = [each for module in modules for each in module.parameters() if each.requires_grad]
        self.optimizer = self.accelerator.prepare(make_optimizer(self.trained, training))

    def __call__(self, index: int) -> dict[str, Tensor]:
        """Do the update of step `index`; returns the loss terms."""
        models = [self.model] + ([self.align] if self.align else [])
        terms = []
        for generator in self.micro_batches(index, *models):
            parts = self._losses(self.examples.draw(self.micro_batches.size, generator))
            total = parts["flow"] + (self.recipe.repa.weight * parts["repa"] if self.align else 0.0)
            self.accelerator.backward(total / len(self.micro_batches.mine))
            terms.append({name: part.detach() for name, part in parts.items()})
        if self.recipe.training.gradient_clip:
            self.accelerator.clip_grad_norm_(self.trained, self.recipe.training.gradient_clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return self.micro_batches.mean(terms)

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        device = self.accelerator.device
        frames = batch.frames.to(device)
        example = draw_example(batch.latents.to(device), frames, self.recipe.flow, self.generator.path)
        if not self.align:
            return {"flow": flow_matching_loss(self.model(example, frames, batch.texts), example)}
        velocity, hidden = self.model(example, frames, batch.texts, self.recipe.repa.layer)
        repa = self.align(hidden, batch.targets.to(device), example.span)
        return {"flow": flow_matching_loss(velocity, example), "repa": repa}


def train_generator(spec: GeneratorSpec, corpus: Path, latents_file: Path, checkpoints: Path, code: str, output: Path):
    """Train, or go on training, and write the averaged weights."""
    recipe = spec.generator
    latents = load_latents(latents_file)
    manifest = load_manifest(corpus)
    clips = manifest.split("train")
    scale = latents.overall_std() if recipe.latent_scale == "std" else recipe.latent_scale
    examples = LatentExamples(latents, clips, scale, recipe.utterances)
    if recipe.repa:
        examples.targets = teacher_targets(SpeechEncoder(recipe.repa.teacher), corpus, latents)
    torch.manual_seed(spec.seed)
    step = GeneratorStep(spec, examples)
    task = Task(
        name=f"generator dim {latents.dim}, {manifest.sample_rate / latents.hop:.4g} Hz, seed {spec.seed}",
        config=recipe.training,
        seed=spec.seed,
        model=step.generator,
        optimizers={"generator": step.optimizer},
        step=step,
        helpers={"repa": step.repa} if step.repa else {},
    )
    weights = fit(task, checkpoints, fingerprint(spec, code, corpus, latents_file))
    description = {
        "config": recipe.model_dump(mode="json", include=set(GeneratorConfig.model_fields)),
        "latent_dim": latents.dim,
        "latent_scale": scale,
    }
    save_model(output, saved_state(weights, recipe), description)


def main() -> None:
    """Command line of the job."""
    parser = job_parser(
        __doc__, corpus="manifest.json", latents="latents.safetensors of its training split",
        checkpoints="folder for checkpoints and logs",
    )
    parser.add_argument("--code", default="", help="hash of the code; a checkpoint of other code is not resumed")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec = parse(GeneratorSpec, read_json(arguments.spec), arguments.spec)
    paths = (Path(p) for p in (arguments.corpus, arguments.latents, arguments.checkpoints))
    train_generator(spec, *paths, arguments.code, Path(arguments.output))


if __name__ == "__main__":
    run_job(main)
