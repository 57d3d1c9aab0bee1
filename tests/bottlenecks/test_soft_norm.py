"""The soft-normalisation bottleneck: its equations, running scale and noise, and that training feels its penalty."""

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import save_file

from shared.autoencoders.builder import build_autoencoder, load_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.bottlenecks.soft_norm import SoftNormBottleneck, SoftNormPosterior
from shared.bottlenecks.soft_norm_config import SoftNormConfig
from shared.files import write_json
from shared.training.autoencoder import AutoencoderStep
from shared.training.crops import Crops
from shared.training.recipes import AutoencoderRecipe

CONFIG = SoftNormConfig(kind="soft_norm", dim=3)


@pytest.fixture
def features() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return 2 + 3 * torch.randn(4, 3, 50, generator=generator)


def trained(features: torch.Tensor, steps: int = 1) -> SoftNormBottleneck:
    bottleneck = SoftNormBottleneck(CONFIG)
    for _ in range(steps):
        bottleneck(features)
    return bottleneck


def test_the_latent_is_an_affine_over_a_running_std(features):
    bottleneck = SoftNormBottleneck(CONFIG)
    scale, bias = torch.tensor([[1.0], [2.0], [0.5]]), torch.tensor([[0.0], [1.0], [-2.0]])
    with torch.no_grad():
        bottleneck.scale.copy_(scale), bottleneck.bias.copy_(bias)
    scaled = features * scale + bias
    std = 0.999 + 0.001 * scaled.numpy().std(ddof=1)
    torch.testing.assert_close(bottleneck(features).mean, scaled / std)
    assert bottleneck.running_std.item() == pytest.approx(std, rel=1e-6)
    following = 0.999 * std + 0.001 * scaled.numpy().std(ddof=1)
    torch.testing.assert_close(bottleneck(features).mean, scaled / following)


def test_the_running_std_comes_to_the_latents_own_and_never_to_nothing(features):
    left, std = 0.999**200, features.std().item()
    assert trained(features, steps=200).running_std.item() == pytest.approx(left + (1 - left) * std, rel=1e-4)
    silent = SoftNormBottleneck(CONFIG)
    silent.running_std.fill_(1.001e-4)
    for _ in range(3):
        silent(torch.zeros(1, 3, 4))
    assert silent.running_std.item() == pytest.approx(1e-4, rel=1e-6)


def test_the_running_std_stays_in_eval_mode_and_where_the_affine_is_frozen(features):
    bottleneck = trained(features)
    before = bottleneck.running_std.clone()
    bottleneck.eval()(features)
    assert torch.equal(bottleneck.running_std, before)
    bottleneck.train().requires_grad_(False)(features)
    assert torch.equal(bottleneck.running_std, before)
    bottleneck.requires_grad_(True)(features)
    assert not torch.equal(bottleneck.running_std, before)


def test_the_penalty_is_its_formula_on_both_axes(features):
    posterior = SoftNormPosterior(features)
    x = features.double().numpy()

    def distance(axis: int) -> np.ndarray:
        mean, variance = x.mean(axis), np.maximum(x.var(axis, ddof=1), 1e-4)
        return mean**2 + variance - np.log(variance) - 1

    assert posterior.penalty().shape == (4, 50)
    assert posterior.penalty().mean().item() == pytest.approx(distance(2).mean() + 0.4 * distance(1).mean(), rel=1e-5)
    by_frame = distance(2).mean(1)[:, None] + 0.4 * distance(1)
    torch.testing.assert_close(posterior.penalty(), torch.from_numpy(by_frame).float())


def test_one_frame_or_one_channel_gives_a_finite_penalty_and_gradient():
    for shape in ((2, 3, 1), (2, 1, 5), (1, 1, 1)):
        x = torch.randn(shape, requires_grad=True)
        penalty = SoftNormPosterior(x).penalty()
        penalty.mean().backward()
        assert penalty.isfinite().all() and x.grad.isfinite().all()


def test_the_posterior_has_no_noise_and_no_rate(features):
    bottleneck = SoftNormBottleneck(CONFIG)
    posterior = bottleneck(features)
    assert torch.equal(posterior.sample(), posterior.mean)
    assert not posterior.std.any() and posterior.kl().shape == (4, 50) and posterior.kl().isposinf().all()
    assert SoftNormBottleneck.penalised == "soft_norm"


def test_the_decoders_input_is_rescaled_and_noisy(features):
    bottleneck = trained(features)
    std = bottleneck.running_std.item()
    latents = torch.zeros(8, 3, 5000)
    torch.manual_seed(0)
    for mode, level in ((True, 0.05), (False, 0.001)):
        noise = bottleneck.train(mode).restore(latents)
        assert noise.std().item() == pytest.approx(level * std, rel=0.02) and abs(noise.mean().item()) < 0.01 * level
    z = bottleneck.eval()(features).mean
    torch.testing.assert_close(bottleneck.train().restore(z, noise=False), features)


ARCHITECTURE = {
    "family": "resampling", "audio_channels": 1, "patch": 16, "stride": 4, "width": 16, "depth": 1, "head_dim": 8,
    "sine_layers": 0, "branch_std": 0.3, "token_noise": [0.0, 0.0],
}
BOTTLENECK = {"kind": "soft_norm", "dim": 3}


def test_without_noise_a_reconstruction_is_deterministic_and_the_scale_is_saved(tmp_path):
    torch.manual_seed(0)
    config = AutoencoderConfig(architecture=ARCHITECTURE, bottleneck=BOTTLENECK)
    autoencoder, audio = build_autoencoder(config), torch.randn(2, 1, 640)
    for _ in range(50):
        autoencoder(audio)
    assert autoencoder.bottleneck.running_std.item() != 1
    save_file(autoencoder.state_dict(), tmp_path / "model.safetensors")
    about = {"config": config.model_dump(mode="json"), "sample_rate": 8000, "hop": config.architecture.hop}
    write_json(tmp_path / "model.json", about)
    loaded = load_autoencoder(tmp_path / "model.safetensors")
    assert torch.equal(loaded.bottleneck.running_std, autoencoder.bottleneck.running_std)
    autoencoder.eval()
    assert torch.equal(loaded(audio, sample=False)[0], autoencoder(audio, sample=False)[0])
    assert not torch.equal(loaded(audio)[0], loaded(audio)[0])


def make_step(weight: float) -> AutoencoderStep:
    AcceleratorState._reset_state(reset_partial_state=True)
    torch.manual_seed(0)
    recipe = AutoencoderRecipe.model_validate({
        "architecture": ARCHITECTURE, "bottleneck": BOTTLENECK, "kl": {"weight": weight}, "adversary": None,
        "reconstruction": {"stft": [{"n_fft": 64, "hop": 16}], "mel": []}, "crop_seconds": 0.5,
        "training": {"steps": 10, "batch": 2, "learning_rate": {"peak": 1e-3, "final": 0}},
    })
    waveforms = [0.1 * np.random.default_rng(0).normal(size=4000).astype(np.float32)]
    return AutoencoderStep(recipe, Crops(waveforms, 512, 64), 1000, seed=0)


def gradients(weight: float) -> list[torch.Tensor]:
    """What one update's backward pass leaves at the encoder's parameters."""
    step, kept = make_step(weight), []
    step._update = lambda name: kept.extend(each.grad.clone() for each in step.autoencoder.encoder.parameters())
    step(0)
    return kept


def test_the_penalty_is_in_the_loss_that_training_follows():
    """At weight w, the encoder's gradient is that without, plus w times the penalty's."""
    without, with_one, with_three = (gradients(weight) for weight in (0.0, 1.0, 3.0))
    step = make_step(0.0)
    for generator in step.micro_batches(0, step.model):
        _, _, posterior = step.model(step.crops.draw(2, generator).audio)
        posterior.penalty().mean().backward()
    for a, b, c, parameter in zip(without, with_one, with_three, step.autoencoder.encoder.parameters(), strict=True):
        torch.testing.assert_close(b - a, parameter.grad, rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(c - a, 3 * parameter.grad, rtol=1e-3, atol=1e-5)
    assert sum(each.grad.abs().sum() for each in step.autoencoder.encoder.parameters()) > 0


def test_a_few_steps_lower_the_penalty_only_if_it_has_a_weight():
    lasts = []
    for weight in (0.0, 10.0):
        step = make_step(weight)
        terms = [float(step(index)["soft_norm"]) for index in range(25)]
        lasts.append(terms[-1] / terms[0])
    assert lasts[1] < 0.8 * lasts[0]
