"""Job: train an autoencoder, with an adversary once its warm-up is over."""

import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch._functorch import config as functorch_config

from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.cli import job_parser, run_job, set_threads
from shared.config import Strict, parse
from shared.corpora.manifest import load_clip, load_manifest
from shared.discriminators.combined import CombinedDiscriminator
from shared.evaluators.speech_encoder import interpolate
from shared.files import read_json
from shared.losses.adversarial import AdversarialLoss, FeatureMatchingLoss
from shared.losses.alignment import AlignmentLoss
from shared.losses.config import GradientRatio
from shared.losses.gradient_ratio import gradient_ratio_weight
from shared.losses.kl import kl_loss
from shared.losses.reconstruction import ReconstructionLoss
from shared.training.config import AutoencoderRecipe
from shared.training.job import fingerprint, save_model
from shared.training.loop import Task, fit, make_accelerator, make_optimizer
from shared.training.micro_batches import MicroBatches
from shared.training.models import prepare_model
from shared.training.teacher_features import TeacherFeatures, load_features


class AutoencoderSpec(Strict):
    """The whole config of this job."""

    corpora: list[dict[str, Any]]
    autoencoder: AutoencoderRecipe
    features: dict[str, Any] | None = None
    seed: int


class Batch(NamedTuple):
    """Crops `(batch, time)`, and what the teacher makes of them, if there is one.

    Its features `(batch, frames, teacher_dim)` are at the latent frame rate; `valid` `(batch, frames)` is false on
    frames whose middle lies in padding.
    """

    audio: Tensor
    features: Tensor | None = None
    valid: Tensor | None = None


class Crops:
    """Random crops of a list of waveforms, each drawn in proportion to its length.

    Args:
        waveforms: each `(time,)`.
        length: of a crop, in samples.
        hop: samples of a latent frame; it divides the length.
        teacher: features of each of the waveforms.
    """

    def __init__(self, waveforms: list[np.ndarray], length: int, hop: int, teacher: TeacherFeatures | None = None):
        self.waveforms, self.length, self.teacher = waveforms, length, teacher
        self.middles = torch.arange(length // hop) * hop + hop / 2
        seconds = np.array([len(waveform) for waveform in waveforms], dtype=float)
        self.share = np.cumsum(seconds / seconds.sum())

    def draw(self, batch: int, generator: np.random.Generator) -> Batch:
        """A batch; a clip shorter than a crop is put at a random place in silence."""
        crops = np.zeros((batch, self.length), dtype=np.float32)
        features, valid = [], []
        for crop in crops:
            clip = min(len(self.waveforms) - 1, int(np.searchsorted(self.share, generator.random())))
            waveform = self.waveforms[clip]
            spare = len(waveform) - self.length
            start = int(generator.integers(abs(spare) + 1))
            if spare >= 0:
                crop[:] = waveform[start : start + self.length]
            else:
                crop[start : start + len(waveform)] = waveform
            if self.teacher:
                places = (self.middles + (start if spare >= 0 else -start)) / len(waveform)
                features.append(interpolate(self.teacher[clip], places))
                valid.append((places >= 0) & (places < 1))
        audio = torch.from_numpy(crops)
        return Batch(audio, torch.stack(features), torch.stack(valid)) if self.teacher else Batch(audio)


class AutoencoderStep:
    """One update of discriminator and autoencoder.

    total = reconstruction + KL term or penalty on the mean (unless the step passes through) + weight · alignment
            + (after the warm-up) weight · adversarial + feature_weight · features

    Both learn from the same outputs and step at the end, so the update is the same however many micro-batches and
    processes share it. An alignment's weight that follows a gradient ratio is each micro-batch's own, from its own
    gradients, and so the same on whichever process it runs.
    """

    def __init__(self, recipe: AutoencoderRecipe, crops: Crops, sample_rate: int, seed: int):
        self.recipe, self.crops, self.seed = recipe, crops, seed
        self.accelerator = make_accelerator(recipe.training.precision)
        self.micro_batches = MicroBatches(self.accelerator, recipe.training, seed)
        self.autoencoder = build_autoencoder(recipe)
        self.reconstruction = ReconstructionLoss(recipe.reconstruction, sample_rate).to(self.accelerator.device)
        self.frame_rate = sample_rate / recipe.architecture.hop
        self.model = prepare_model(self.autoencoder, self.accelerator, recipe.training)
        self.alignment = self.align = None
        if recipe.alignment:
            if isinstance(recipe.alignment.weight, GradientRatio):
                # Compiled blocks would otherwise free at the first backward pass what the later ones read again.
                functorch_config.donated_buffer = False
            self.alignment = AlignmentLoss(recipe.alignment, crops.teacher.dim, recipe.bottleneck.dim)
            self.align = prepare_model(self.alignment, self.accelerator, recipe.training)
        aligned = [] if self.alignment is None else self.alignment.parameters()
        self.trained = {"autoencoder": [*self.autoencoder.parameters(), *aligned]}
        self.discriminator = None
        if recipe.adversary:
            discriminators, normalize = recipe.adversary.discriminators, recipe.adversary.normalize
            self.discriminator = CombinedDiscriminator(discriminators, sample_rate, normalize)
            self.critic = self.accelerator.prepare(self.discriminator)
            self.trained["discriminator"] = [*self.discriminator.parameters()]
            self.adversarial = AdversarialLoss(recipe.adversary.kind, recipe.adversary.reduction)
            self.feature_matching = FeatureMatchingLoss(recipe.adversary.reduction)
        self.optimizers = {
            name: self.accelerator.prepare(make_optimizer(parameters, recipe.training))
            for name, parameters in self.trained.items()
        }

    def __call__(self, index: int) -> dict[str, Tensor]:
        """Do the update of step `index`; returns the loss terms."""
        adversary = self.recipe.adversary if self.recipe.adversary and index >= self.recipe.adversary.start else None
        passes = self.passes_through(index)
        models = [each for each in (self.model, self.align, self.critic if adversary else None) if each is not None]
        terms = []
        for generator in self.micro_batches(index, *models):
            batch = self.crops.draw(self.micro_batches.size, generator)
            audio = batch.audio.to(self.accelerator.device)
            output, latents, posterior = self.model(audio, sample=not passes)
            total, parts = self.reconstruction(output, audio)
            penalty = posterior.penalty()
            parts[posterior.penalised] = penalty.mean()
            if not passes:
                total = total + kl_loss(penalty, self.recipe.kl, self.recipe.bottleneck.dim, self.frame_rate)
            if self.align is not None:
                features, valid = batch.features.to(audio.device), batch.valid.to(audio.device)
                parts["alignment"] = self.align(latents, features, valid)
                weight = self.recipe.alignment.weight
                if isinstance(weight, GradientRatio):
                    encoder = self.autoencoder.encoder.parameters()
                    weight = gradient_ratio_weight(parts["alignment"], parts["mel"], encoder, weight.gradient_ratio)
                    parts["alignment_weight"] = weight  # for the log
                total = total + weight * parts["alignment"]
            if adversary:
                parts["adversarial"], parts["features"] = self._adversarial_terms(audio, output)
                total = total + adversary.weight * parts["adversarial"] + adversary.feature_weight * parts["features"]
                parts["discriminator"] = self._discriminator_term(audio, output.detach())
                self._backward(parts["discriminator"])
            self._backward(total)
            terms.append({name: part.detach() for name, part in parts.items()})
        self._update("autoencoder")
        if adversary:
            self._update("discriminator")
        return self.micro_batches.mean(terms)

    def passes_through(self, index: int) -> bool:
        """Whether step `index` skips the bottleneck (Target-KL): the same for all micro-batches and processes."""
        return random.Random(f"passthrough/{self.seed}/{index}").random() < self.recipe.kl.passthrough

    def _discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        # One pass over both: a process group's hooks allow for one forward before each backward.
        logits, _ = self.critic(torch.cat([real, fake]))
        real_logits, fake_logits = zip(*(scale.chunk(2) for scale in logits), strict=True)
        return self.adversarial.discriminator(real_logits, fake_logits)

    def _adversarial_terms(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        # The discriminator's own gradients are not wanted here, and not computing them saves a third of its cost.
        self.discriminator.requires_grad_(False)
        with torch.no_grad():
            _, features_real = self.discriminator(real)
        logits, features = self.discriminator(fake)
        self.discriminator.requires_grad_(True)
        return self.adversarial.generator(logits), self.feature_matching(features_real, features)

    def _backward(self, loss: Tensor) -> None:
        self.accelerator.backward(loss / len(self.micro_batches.mine))

    def _update(self, name: str) -> None:
        if self.recipe.training.gradient_clip:
            self.accelerator.clip_grad_norm_(self.trained[name], self.recipe.training.gradient_clip)
        self.optimizers[name].step()
        self.optimizers[name].zero_grad()


def train_autoencoder(
    spec: AutoencoderSpec, corpora: list[Path], features: Path | None, checkpoints: Path, code: str, output: Path
) -> None:
    """Train on all the corpora together, or go on training, and write the weights."""
    recipe = spec.autoencoder
    manifests = [load_manifest(corpus) for corpus in corpora]
    waveforms = [
        load_clip(corpus, clip)
        for corpus, manifest in zip(corpora, manifests, strict=True)
        for clip in manifest.split("train")
    ]
    sample_rate = manifests[0].sample_rate
    hop = recipe.architecture.hop
    # Whole latent frames, so that no crop ends in padding.
    length = max(1, round(recipe.crop_seconds * sample_rate / hop)) * hop
    torch.manual_seed(spec.seed)
    crops = Crops(waveforms, length, hop, load_features(features) if features else None)
    step = AutoencoderStep(recipe, crops, sample_rate, spec.seed)
    rate = sample_rate / hop
    task = Task(
        name=f"autoencoder dim {recipe.bottleneck.dim}, {rate:.4g} Hz, seed {spec.seed}",
        config=recipe.training,
        seed=spec.seed,
        model=step.autoencoder,
        optimizers=step.optimizers,
        step=step,
        helpers={name: each for name in ("alignment", "discriminator") if (each := getattr(step, name)) is not None},
    )
    inputs = [*corpora, *([features] if features else [])]
    weights = fit(task, checkpoints, fingerprint(spec, code, *inputs))
    config = recipe.model_dump(mode="json", include=set(AutoencoderConfig.model_fields))
    save_model(output, weights, {"config": config, "sample_rate": sample_rate, "hop": hop})


def main() -> None:
    """Command line of the job."""
    parser = job_parser(__doc__, checkpoints="folder for checkpoints and logs")
    parser.add_argument("--corpora", nargs="+", required=True, type=Path, help="manifest.json of each, at one rate")
    parser.add_argument("--features", type=Path, help="features.safetensors of a teacher, where the recipe aligns")
    parser.add_argument("--code", default="", help="hash of the code; a checkpoint of other code is not resumed")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec = parse(AutoencoderSpec, read_json(arguments.spec), arguments.spec)
    if (spec.autoencoder.alignment is None) != (arguments.features is None):
        parser.error("--features belongs to a recipe with an alignment, and such a recipe needs it")
    paths = arguments.corpora, arguments.features, Path(arguments.checkpoints)
    train_autoencoder(spec, *paths, arguments.code, Path(arguments.output))


if __name__ == "__main__":
    run_job(main)
