"""Job: train an autoencoder, with an adversary once its warm-up is over."""

import random
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._functorch import config as functorch_config

from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.autoencoders.magnitudes import MagnitudeDecoder
from shared.bottlenecks.base import Posterior
from shared.config import Strict, parse
from shared.corpora.corpus import Corpus
from shared.files import read_json
from shared.job import job_parser, run_job, set_threads
from shared.losses.alignment import AlignmentLoss
from shared.losses.config import AlignmentConfig, GradientRatio
from shared.losses.gradient_ratio import gradient_ratio_weight
from shared.losses.kl import kl_loss
from shared.losses.magnitude import MagnitudeLoss
from shared.losses.reconstruction import ReconstructionLoss
from shared.losses.shaping import ShapingSetup
from shared.training.adversary import Adversary
from shared.training.crops import Batch, Crops, check_channels, load_split, stored_split
from shared.training.job import fingerprint, save_model
from shared.training.loop import Task, fit, make_accelerator
from shared.training.micro_batches import MicroBatches
from shared.training.models import prepare_model
from shared.training.optimizers import make_optimizers, update
from shared.training.recipes import KEPT, AutoencoderRecipe
from shared.training.shaping import Shaping, load_texts
from shared.training.snapshots import Snapshots, keep_snapshots
from shared.training.stages import Stages, train_only
from shared.training.stages_config import ADVERSARIAL, DECODED, StageConfig
from shared.training.teacher_features import load_features
from shared.training.terms import LatentCut, Term, total


class AutoencoderSpec(Strict):
    """The whole config of this job."""

    corpora: list[dict[str, Any]]
    autoencoder: AutoencoderRecipe
    features: dict[str, Any] | None = None
    seed: int


class Reconstructed(NamedTuple):
    """A batch that went through the autoencoder: output as the crops, the latent `(batch, dim, frames)`.

    Of a decoder of magnitudes, the output is `(batch, channels, bins, STFT frames)`.
    """

    batch: Batch
    output: Tensor
    latents: Tensor
    posterior: Posterior


class AutoencoderStep:
    """One update of discriminator and autoencoder.

    total = reconstruction + KL term or penalty on the mean (unless the step passes through) + weight · alignment
            + Σ weight · shaping term + (after the warm-up) weight · adversarial + feature_weight · features

    What trains, which terms are on and how far back each one's gradient goes is the stage's to say, if the recipe has
    stages. All learn from the same outputs and step at the end, so the update is the same however many micro-batches
    and processes share it. An alignment's weight that follows a gradient ratio is each micro-batch's own, from its own
    gradients, and so the same on whichever process it runs; and a contrastive critic compares the examples of a
    micro-batch.
    """

    def __init__(self, recipe: AutoencoderRecipe, crops: Crops, sample_rate: int, seed: int):
        self.recipe, self.crops, self.seed = recipe, crops, seed
        self.stages = Stages(recipe)
        self.entered: StageConfig | None = None
        self.accelerator = make_accelerator(recipe.training.precision, freezes=self.stages.freeze_some)
        self.micro_batches = MicroBatches(self.accelerator, recipe.training, seed)
        self.autoencoder = build_autoencoder(recipe)
        self.stages.check(self.autoencoder)
        self.reconstruction = self._build_reconstruction(sample_rate).to(self.accelerator.device)
        self.frame_rate = sample_rate / recipe.architecture.hop
        self.model = prepare_model(self.autoencoder, self.accelerator, recipe.training)
        self.models = [self.model]  # those that every step goes through
        self.trained: dict[str, list[nn.Module]] = {"autoencoder": [self.autoencoder]}
        self.helpers: dict[str, nn.Module] = {}  # what trains beside the autoencoder, by name
        if recipe.alignment:
            self._build_alignment(recipe.alignment)
        self.adversary = Adversary(recipe.adversary, sample_rate, self.accelerator) if recipe.adversary else None
        if self.adversary:
            self.trained["discriminator"] = [self.adversary.discriminator]
            self.helpers["discriminator"] = self.adversary.discriminator
        self.shaping: Shaping | None = None
        if recipe.shaping:
            self.shaping = Shaping(recipe, self._shaping_setup(crops, sample_rate), self.accelerator)
            self.helpers |= self.shaping.modules
            if self.shaping.trains:
                self.trained["shaping"] = [*self.shaping.modules.values()]
        by_ratio = recipe.alignment and isinstance(recipe.alignment.weight, GradientRatio)
        if by_ratio or self.stages.split_gradients:
            # Compiled blocks would otherwise free at the first backward pass what the later ones read again.
            functorch_config.donated_buffer = False
        self.optimizers = {
            name: {
                part: self.accelerator.prepare(optimizer)
                for part, optimizer in make_optimizers(modules, recipe.training).items()
            }
            for name, modules in self.trained.items()
        }

    def _shaping_setup(self, crops: Crops, sample_rate: int) -> ShapingSetup:
        architecture, dim = self.recipe.architecture, self.recipe.bottleneck.dim
        sizes = dim, architecture.hop, architecture.audio_channels, sample_rate, crops.length
        return ShapingSetup(*sizes, crops.texts)

    def _build_reconstruction(self, sample_rate: int) -> nn.Module:
        config, decoder = self.recipe.reconstruction, self.autoencoder.decoder
        if config.magnitude:
            assert isinstance(decoder, MagnitudeDecoder), "the recipe sees to it"
            return MagnitudeLoss(config.magnitude, sample_rate, decoder.stft, decoder.floor)
        return ReconstructionLoss(config, sample_rate)

    def _build_alignment(self, config: AlignmentConfig) -> None:
        assert self.crops.teacher, "an alignment comes with its teacher's features"
        self.alignment_weight = config.weight
        self.alignment = AlignmentLoss(config, self.crops.teacher.dim, self.recipe.bottleneck.dim)
        self.align = prepare_model(self.alignment, self.accelerator, self.recipe.training)
        self.models.append(self.align)
        self.trained["autoencoder"].append(self.alignment)
        self.helpers["alignment"] = self.alignment

    def __call__(self, index: int) -> dict[str, Tensor]:
        """Do the update of step `index`; returns the loss terms."""
        self._enter(index)
        adversary = self.adversary if self.stage.adversarial else None
        passes = self.passes_through(index)
        models = [*self.models, *([adversary.critic] if adversary else [])]
        models += self.shaping.models_of(self.stage.shaping) if self.shaping else []
        logged = []
        for generator in self.micro_batches(index, *models):
            batch = self.crops.draw(self.micro_batches.size, generator).to(self.accelerator.device)
            cut = None if self.kept_off.isdisjoint(DECODED) else LatentCut()
            sample = self.stage.latent == "sample" and not passes
            made = Reconstructed(batch, *self.model(batch.audio, sample=sample, before_decoder=cut, phases=False))
            terms, log = self._terms(made, passes)
            if adversary:
                log["discriminator"] = adversary.discriminator_term(batch.audio, self._waveform(made).detach())
                self._backward(log["discriminator"])
            self._backward(self._objective(terms, made.output, cut))
            logged.append({name: value.detach() for name, value in log.items()})
        trains = {"autoencoder": True, "discriminator": self.stage.adversarial, "shaping": bool(self.stage.shaping)}
        for name in (name for name in self.trained if trains[name]):
            self._update(name)
        means = self.micro_batches.mean(logged)
        if self.shaping and self.stage.shaping:
            self.shaping.follow(means["latent_std"], self.stage.shaping)
        return means

    def passes_through(self, index: int) -> bool:
        """Whether step `index` skips the bottleneck (Target-KL): the same for all micro-batches and processes."""
        return random.Random(f"passthrough/{self.seed}/{index}").random() < self.recipe.kl.passthrough

    def _enter(self, index: int) -> None:
        self.index, self.stage, self.kept_off = index, self.stages.at(index), self.stages.kept_off(index)
        if self.entered is not self.stage:
            self.entered = self.stage
            train_only(self.autoencoder, self.stage.train)

    def _terms(self, made: Reconstructed, passes: bool) -> tuple[dict[str, Term], dict[str, Tensor]]:
        """The losses that are on, in the order of their sum, and what the log shows."""
        recipe, stage = self.recipe, self.stage
        terms: dict[str, Term] = {}
        log: dict[str, Tensor] = {}
        if "reconstruction" in stage.losses:
            value, log = self.reconstruction(made.output, made.batch.audio)
            terms["reconstruction"] = Term(value, stage.weights.get("reconstruction", 1.0))
        penalty = made.posterior.penalty()
        log[self.autoencoder.bottleneck.penalised] = penalty.mean()
        if "kl" in stage.losses and not passes:
            kl = recipe.kl.model_copy(update={"weight": stage.weights.get("kl", recipe.kl.weight)})
            terms["kl"] = Term(kl_loss(penalty, kl, recipe.bottleneck.dim, self.frame_rate))
        if "alignment" in stage.losses:
            terms["alignment"] = self._alignment_term(made, log)
        if self.shaping and stage.shaping:
            terms |= self._shaping_terms(self.shaping, made, log)
        if self.adversary and stage.adversarial:
            values = self.adversary.terms(made.batch.audio, self._waveform(made))
            for name in (name for name in ADVERSARIAL if name in stage.losses):
                log[name] = values[name]
                terms[name] = Term(values[name], stage.weights.get(name, self.adversary.weights[name]))
        return terms, log

    def _waveform(self, made: Reconstructed) -> Tensor:
        """What an adversary hears: of a decoder that makes magnitudes, these with the recording's phases."""
        decoder = self.autoencoder.decoder
        if isinstance(decoder, MagnitudeDecoder):
            return decoder.with_phases_of(made.output, made.batch.audio)
        return made.output

    def _alignment_term(self, made: Reconstructed, log: dict[str, Tensor]) -> Term:
        latents = made.latents.detach() if "alignment" in self.kept_off else made.latents
        log["alignment"] = self.align(latents, made.batch.features, made.batch.valid)
        weight = self.stage.weights.get("alignment", self.alignment_weight)
        if not isinstance(weight, GradientRatio):
            return Term(log["alignment"], weight)
        encoder = self.autoencoder.encoder.parameters()
        ratio = gradient_ratio_weight(log["alignment"], log["mel"], encoder, weight.gradient_ratio)
        log["alignment_weight"] = ratio
        return Term(log["alignment"], ratio)

    def _shaping_terms(self, shaping: Shaping, made: Reconstructed, log: dict[str, Tensor]) -> dict[str, Term]:
        terms = {}
        log["latent_std"] = made.latents.detach().std()
        for name in self.stage.shaping:
            latents = made.latents.detach() if name in self.kept_off else made.latents
            log[name] = shaping(name, latents, made.batch.audio, made.batch.texts, self.index)
            terms[name] = Term(log[name], self.stage.weights.get(name, shaping.configs[name].weight))
        return terms

    def _objective(self, terms: dict[str, Term], output: Tensor, cut: LatentCut | None) -> Tensor:
        """The scalar to go back from: the sum of the terms, or where some stop at the latent, what does the same."""
        if cut is None:
            return total(terms.values())
        decoded = [name for name in terms if name in DECODED]
        passing = [terms[name] for name in decoded if name not in self.kept_off]
        stopped = [terms[name] for name in decoded if name in self.kept_off]
        others = [term for name, term in terms.items() if name not in DECODED]
        return cut.join(output, passing, stopped) + total(others)

    def _backward(self, loss: Tensor) -> None:
        self.accelerator.backward(loss / len(self.micro_batches.mine))

    def _update(self, name: str) -> None:
        parameters = [each for module in self.trained[name] for each in module.parameters()]
        update(self.optimizers[name], parameters, self.accelerator, self.recipe.training.gradient_clip)


def train_autoencoder(
    spec: AutoencoderSpec, manifests: list[Path], features: Path | None, checkpoints: Path, code: str, output: Path
) -> None:
    """Train on all the corpora together, or go on training, and write the weights."""
    recipe, corpora = spec.autoencoder, [Corpus(path) for path in manifests]
    check_channels(corpora, recipe.architecture.audio_channels)
    sample_rate, hop = corpora[0].sample_rate, recipe.architecture.hop
    # Whole latent frames, so that no crop ends in padding.
    length = max(1, round(recipe.crop_seconds * sample_rate / hop)) * hop
    torch.manual_seed(spec.seed)
    texts = load_texts(corpora, "train") if recipe.reads_texts else None
    waveforms = stored_split(corpora, "train")
    teacher = load_features(features, len(waveforms)) if features else None
    crops = Crops(waveforms, length, hop, teacher, texts)
    step = AutoencoderStep(recipe, crops, sample_rate, spec.seed)
    snapshots = None
    if recipe.snapshots:
        clips = load_split(corpora, "validation", recipe.snapshots.clips)
        snapshots = Snapshots(recipe.snapshots.every, step.autoencoder, clips, checkpoints)
    rate = sample_rate / hop
    task = Task(
        name=f"autoencoder dim {recipe.bottleneck.dim}, {rate:.4g} Hz, seed {spec.seed}",
        config=recipe.training,
        seed=spec.seed,
        model=step.autoencoder,
        optimizers={f"{name}.{part}": each for name, parts in step.optimizers.items() for part, each in parts.items()},
        step=step,
        helpers=step.helpers,
        learning_rate=step.stages.learning_rate,
        after_step=snapshots,
    )
    inputs = [*manifests, *([features] if features else [])]
    weights = fit(task, checkpoints, fingerprint(spec, code, *inputs))
    if snapshots:
        keep_snapshots(checkpoints, recipe.training.steps, snapshots.every, output.with_name(KEPT))
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
