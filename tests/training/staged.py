"""A small autoencoder whose every module has weights, buffers and dropout, and a step that trains it in stages."""

import numpy as np
import torch
from accelerate.state import AcceleratorState
from torch import nn

import shared.training.autoencoder as module
from shared.bottlenecks.base import Bottleneck, GaussianPosterior
from shared.training.autoencoder import AutoencoderStep
from shared.training.crops import Crops
from shared.training.recipes import AutoencoderRecipe
from shared.training.teacher_features import TeacherFeatures

HOP, RATE, DIM = 32, 16_000, 4
ALL = ("encoder", "bottleneck", "decoder")
RECIPE = {
    # The family with the fewest weights, each of which takes a while to save, to load and to update.
    "architecture": {"family": "spectral", "n_fft": 64, "stft_hop": 16, "downsample": 2, "width": 8, "depth": 1,
                     "latent_width": 8, "latent_depth": 1},
    "bottleneck": {"dim": DIM},
    "reconstruction": {"stft": [{"n_fft": 256, "hop": 64}], "mel": [{"n_fft": 256, "hop": 64, "n_mels": 8}]},
    "kl": {"weight": 0.01},
    "adversary": {"discriminators": [{"kind": "stft", "n_ffts": [128], "overlap": 2, "channels": 2, "stem_stride": 2,
                                      "dilations": [1]}]},
    "crop_seconds": 0.064,
    "training": {"steps": 8, "batch": 4, "learning_rate": {"peak": 1e-3, "final": 1e-4}, "weight_decay": 0.1},
}
JOINT = {"steps": 4, "losses": ["reconstruction", "kl"]}
DECODER = {"steps": 4, "train": ["decoder"], "losses": ["reconstruction", "adversarial", "features"]}


class ScaledBottleneck(Bottleneck):
    """A posterior with a learned gain, over a running standard deviation."""

    draw = "fixed"
    penalised = "kl"

    def __init__(self, config):
        super().__init__()
        self.dim, self.in_channels = config.dim, 2 * config.dim
        self.gain = nn.Parameter(torch.ones(config.dim, 1))
        self.register_buffer("running_std", torch.ones(()))

    def forward(self, features: torch.Tensor) -> GaussianPosterior:
        mean, scale = features.float().chunk(2, dim=1)
        if self.training:
            self.running_std.lerp_(mean.detach().std(), 0.1)
        return GaussianPosterior(self.gain * mean / self.running_std, nn.functional.softplus(scale))


def build_noisy(recipe: AutoencoderRecipe):
    """What `build_autoencoder` builds, with BatchNorm and dropout on either side of the latent."""
    autoencoder = build_plain(recipe)
    autoencoder.encoder = nn.Sequential(nn.BatchNorm1d(1), autoencoder.encoder, nn.Dropout(0.2))
    autoencoder.bottleneck = ScaledBottleneck(recipe.bottleneck)
    autoencoder.decoder = nn.Sequential(nn.BatchNorm1d(DIM), nn.Dropout(0.2), autoencoder.decoder)
    return autoencoder


build_plain = module.build_autoencoder


def recipe_of(*stages: dict, alignment: dict | None = None, training: dict | None = None, **changes):
    """The recipe with these stages, whose steps are the training's."""
    steps = {"steps": sum(stage["steps"] for stage in stages)} if stages else {}
    data = {**RECIPE, "alignment": alignment, "stages": stages, **changes}
    data["training"] = RECIPE["training"] | steps | (training or {})
    if data["adversary"] and not any({"adversarial", "features"} & set(stage["losses"]) for stage in stages):
        data["adversary"] = None
    return AutoencoderRecipe.model_validate(data)


def make_step(recipe: AutoencoderRecipe) -> AutoencoderStep:
    """A step on noise, the same at every call."""
    AcceleratorState._reset_state(reset_partial_state=True)
    torch.manual_seed(0)
    waveforms = [np.random.default_rng(0).normal(size=20_000).astype(np.float32) * 0.1]
    teacher = TeacherFeatures(torch.randn(625, 6).half(), torch.tensor([0, 625])) if recipe.alignment else None
    return AutoencoderStep(recipe, Crops(waveforms, 1024, HOP, teacher), RATE, seed=0)
