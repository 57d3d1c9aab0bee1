"""Job: train an autoencoder, with an adversary once its warm-up is over."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.cli import job_parser, run_job, set_threads
from shared.config import Strict, parse
from shared.corpora.manifest import load_clip, load_manifest
from shared.discriminators.combined import CombinedDiscriminator
from shared.files import read_json
from shared.losses.adversarial import AdversarialLoss, FeatureMatchingLoss
from shared.losses.reconstruction import ReconstructionLoss
from shared.training.config import AutoencoderRecipe
from shared.training.job import fingerprint, save_model
from shared.training.loop import Task, fit, make_accelerator, make_optimizer
from shared.training.micro_batches import MicroBatches
from shared.training.models import prepare_model


class AutoencoderSpec(Strict):
    """The whole config of this job."""

    corpus: dict[str, Any]
    autoencoder: AutoencoderRecipe
    seed: int


class Crops:
    """Random crops of a list of waveforms, each drawn in proportion to its length."""

    def __init__(self, waveforms: list[np.ndarray], length: int):
        self.waveforms, self.length = waveforms, length
        seconds = np.array([len(waveform) for waveform in waveforms], dtype=float)
        self.share = np.cumsum(seconds / seconds.sum())

    def draw(self, batch: int, generator: np.random.Generator) -> Tensor:
        """`(batch, length)`; a clip shorter than a crop is put at a random place in silence."""
        crops = np.zeros((batch, self.length), dtype=np.float32)
        for crop in crops:
            last = len(self.waveforms) - 1
            waveform = self.waveforms[min(last, int(np.searchsorted(self.share, generator.random())))]
            spare = len(waveform) - self.length
            start = int(generator.integers(abs(spare) + 1))
            if spare >= 0:
                crop[:] = waveform[start : start + self.length]
            else:
                crop[start : start + len(waveform)] = waveform
        return torch.from_numpy(crops)


class AutoencoderStep:
    """One update of discriminator and autoencoder.

    total = reconstruction + kl_weight · KL + (after the warm-up) weight · adversarial + feature_weight · features

    Both learn from the same outputs and step at the end, so the update is the same however many micro-batches and
    processes share it.
    """

    def __init__(self, recipe: AutoencoderRecipe, crops: Crops, sample_rate: int, seed: int):
        self.recipe, self.crops = recipe, crops
        self.accelerator = make_accelerator(recipe.training.precision)
        self.micro_batches = MicroBatches(self.accelerator, recipe.training, seed)
        self.autoencoder = build_autoencoder(recipe)
        self.reconstruction = ReconstructionLoss(recipe.reconstruction, sample_rate).to(self.accelerator.device)
        self.model = prepare_model(self.autoencoder, self.accelerator, recipe.training)
        self.optimizers = {"autoencoder": self._optimizer(self.autoencoder)}
        self.discriminator = None
        if recipe.adversary:
            discriminators, normalize = recipe.adversary.discriminators, recipe.adversary.normalize
            self.discriminator = CombinedDiscriminator(discriminators, sample_rate, normalize)
            self.critic = self.accelerator.prepare(self.discriminator)
            self.optimizers["discriminator"] = self._optimizer(self.discriminator)
            self.adversarial = AdversarialLoss(recipe.adversary.kind, recipe.adversary.reduction)
            self.feature_matching = FeatureMatchingLoss(recipe.adversary.reduction)

    def __call__(self, index: int) -> dict[str, Tensor]:
        """Do the update of step `index`; returns the loss terms."""
        adversary = self.recipe.adversary if self.recipe.adversary and index >= self.recipe.adversary.start else None
        trained = {"autoencoder": self.model} | ({"discriminator": self.critic} if adversary else {})
        terms = []
        for generator in self.micro_batches(index, *trained.values()):
            audio = self.crops.draw(self.micro_batches.size, generator).to(self.accelerator.device)
            output, posterior = self.model(audio)
            total, parts = self.reconstruction(output, audio)
            parts["kl"] = posterior.kl().mean()
            total = total + self.recipe.kl_weight * parts["kl"]
            if adversary:
                parts["adversarial"], parts["features"] = self._adversarial_terms(audio, output)
                total = total + adversary.weight * parts["adversarial"] + adversary.feature_weight * parts["features"]
                parts["discriminator"] = self._discriminator_term(audio, output.detach())
                self._backward(parts["discriminator"])
            self._backward(total)
            terms.append({name: part.detach() for name, part in parts.items()})
        for name, model in trained.items():
            self._update(self.optimizers[name], model)
        return self.micro_batches.mean(terms)

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

    def _optimizer(self, module: nn.Module) -> torch.optim.Optimizer:
        return self.accelerator.prepare(make_optimizer(module.parameters(), self.recipe.training))

    def _backward(self, loss: Tensor) -> None:
        self.accelerator.backward(loss / len(self.micro_batches.mine))

    def _update(self, optimizer: torch.optim.Optimizer, module: nn.Module) -> None:
        if self.recipe.training.gradient_clip:
            self.accelerator.clip_grad_norm_(module.parameters(), self.recipe.training.gradient_clip)
        optimizer.step()
        optimizer.zero_grad()


def train_autoencoder(spec: AutoencoderSpec, corpus: Path, checkpoints: Path, code: str, output: Path) -> None:
    """Train, or go on training, and write the weights."""
    recipe = spec.autoencoder
    manifest = load_manifest(corpus)
    waveforms = [load_clip(corpus, clip) for clip in manifest.split("train")]
    hop = recipe.architecture.hop
    # Whole latent frames, so that no crop ends in padding.
    length = max(1, round(recipe.crop_seconds * manifest.sample_rate / hop)) * hop
    torch.manual_seed(spec.seed)
    step = AutoencoderStep(recipe, Crops(waveforms, length), manifest.sample_rate, spec.seed)
    rate = manifest.sample_rate / hop
    task = Task(
        name=f"autoencoder dim {recipe.bottleneck.dim}, {rate:.4g} Hz, seed {spec.seed}",
        config=recipe.training,
        seed=spec.seed,
        model=step.autoencoder,
        optimizers=step.optimizers,
        step=step,
        helpers={"discriminator": step.discriminator} if step.discriminator is not None else {},
    )
    weights = fit(task, checkpoints, fingerprint(spec, code, corpus))
    config = recipe.model_dump(mode="json", include=set(AutoencoderConfig.model_fields))
    save_model(output, weights, {"config": config, "sample_rate": manifest.sample_rate, "hop": hop})


def main() -> None:
    """Command line of the job."""
    parser = job_parser(__doc__, corpus="manifest.json", checkpoints="folder for checkpoints and logs")
    parser.add_argument("--code", default="", help="hash of the code; a checkpoint of other code is not resumed")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec = parse(AutoencoderSpec, read_json(arguments.spec), arguments.spec)
    paths = Path(arguments.corpus), Path(arguments.checkpoints)
    train_autoencoder(spec, *paths, arguments.code, Path(arguments.output))


if __name__ == "__main__":
    run_job(main)
