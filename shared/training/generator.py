"""Job: train a generator on the latents of one autoencoder.

One that reads characters knows those of the corpus' texts, of all splits; they are saved with it.
"""

import math
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from shared.autoencoders.latents import Latents, load_latents
from shared.config import Strict, parse
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Manifest
from shared.corpora.unseen import unseen
from shared.evaluators.speech_encoder import SpeechEncoder, interpolate
from shared.files import read_json
from shared.generators.builder import architecture_of, build_generator, saved_state
from shared.job import job_parser, run_job, set_threads
from shared.progress import Progress
from shared.tensors import damaged
from shared.text.characters import canonical
from shared.text.unknown_tokens import unknown_tokens
from shared.training.job import fingerprint, save_model
from shared.training.latent_examples import LatentExamples
from shared.training.loop import Task, fit, make_accelerator
from shared.training.micro_batches import MicroBatches
from shared.training.models import prepare_model
from shared.training.objectives import Objective
from shared.training.optimizers import make_optimizers, update
from shared.training.recipes import GeneratorRecipe


class GeneratorSpec(Strict):
    """The whole config of this job."""

    corpus: dict[str, Any]
    autoencoder: dict[str, Any]
    generator: GeneratorRecipe
    seed: int


def check_clips(path: Path, latents: Latents, corpus: Corpus) -> None:
    """Whether the latents at `path` are of the corpus' training clips: as many, each of as many frames as it has hops.

    Raises:
        ConfigError: they are of other clips, of another order or of another hop.
    """
    lengths = [round(clip.seconds * corpus.sample_rate) for clip in corpus.manifest.split("train")]
    if latents.offsets.diff().tolist() != [math.ceil(length / latents.hop) for length in lengths]:
        raise damaged(path, f"its {len(latents.offsets) - 1} clips are not those that {corpus.path} has for training")


def teacher_targets(teacher: SpeechEncoder, corpus: Corpus, latents: Latents) -> list[Tensor]:
    """The teacher's features of each training clip at the latent frame rate, each `(frames, teacher_dim)`."""
    clips = corpus.split("train")
    progress = Progress("teacher features", len(clips), unit="clip")
    targets = []
    for clip, frames in zip(clips, latents.offsets.diff().tolist(), strict=True):
        features = teacher(corpus.mono(clip), corpus.sample_rate)
        targets.append(interpolate(features, (torch.arange(frames) + 0.5) / frames))
        progress.update()
    return targets


class GeneratorStep:
    """One update by the objective of the recipe's kind of generator."""

    def __init__(self, spec: GeneratorSpec, examples: LatentExamples):
        self.recipe, self.examples = spec.generator, examples
        training = self.recipe.training
        self.generator = build_generator(self.recipe, examples.latents.dim)
        self.objective: Objective = self.recipe.build(self.generator, examples)
        self.accelerator = make_accelerator(training.precision)
        self.micro_batches = MicroBatches(self.accelerator, training, spec.seed)
        self.model = prepare_model(self.generator, self.accelerator, training)
        self.models = [self.model, *self.objective.prepare(self.accelerator)]
        modules = [self.generator, *self.objective.helpers.values()]
        self.trained = [each for module in modules for each in module.parameters() if each.requires_grad]
        made = make_optimizers(modules, training)
        self.optimizers = {name: self.accelerator.prepare(optimizer) for name, optimizer in made.items()}

    def __call__(self, index: int) -> dict[str, Tensor]:
        """Do the update of step `index`; returns the loss terms."""
        terms = []
        for generator in self.micro_batches(index, *self.models):
            batch = self.examples.draw(self.micro_batches.size, generator).to(self.accelerator.device)
            total, parts = self.objective(self.model, batch)
            self.accelerator.backward(total / len(self.micro_batches.mine))
            terms.append({name: part.detach() for name, part in parts.items()})
        update(self.optimizers, self.trained, self.accelerator, self.recipe.training.gradient_clip)
        return self.micro_batches.mean(terms)


def remark_on_texts(step: GeneratorStep, manifest: Manifest) -> None:
    """Say on stderr what the generator can't learn of the corpus' texts.

    Raises:
        ConfigError: its text encoder can't tell two of them apart.
    """
    texts = [clip.text for clip in manifest.clips]
    remarks = unseen(manifest, canonical, "characters"), unknown_tokens(step.generator.tokenizer, texts)
    if step.accelerator.is_main_process:
        for remark in filter(None, remarks):
            print(remark, file=sys.stderr)


def train_generator(
    spec: GeneratorSpec, manifest: Path, latents_file: Path, checkpoints: Path, code: str, output: Path
) -> None:
    """Train, or go on training, and write the averaged weights."""
    latents, corpus = load_latents(latents_file), Corpus(manifest)
    check_clips(latents_file, latents, corpus)
    spec = spec.model_copy(update={"generator": spec.generator.knowing(clip.text for clip in corpus.manifest.clips)})
    recipe = spec.generator
    clips = corpus.split("train")
    scale = latents.overall_std() if recipe.latent_scale == "std" else recipe.latent_scale
    examples = LatentExamples(latents, clips, scale, recipe.utterances)
    if teacher := recipe.teacher:
        examples.targets = teacher_targets(SpeechEncoder(teacher), corpus, latents)
    torch.manual_seed(spec.seed)
    step = GeneratorStep(spec, examples)
    remark_on_texts(step, corpus.manifest)
    task = Task(
        name=f"generator dim {latents.dim}, {corpus.sample_rate / latents.hop:.4g} Hz, seed {spec.seed}",
        config=recipe.training,
        seed=spec.seed,
        model=step.generator,
        optimizers=step.optimizers,
        step=step,
        helpers=step.objective.helpers,
    )
    weights = fit(task, checkpoints, fingerprint(spec, code, manifest, latents_file))
    description = {
        "config": architecture_of(recipe),
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
    paths = Path(arguments.corpus), Path(arguments.latents), Path(arguments.checkpoints)
    train_generator(spec, *paths, arguments.code, Path(arguments.output))


if __name__ == "__main__":
    run_job(main)
