"""Training of a decoder that makes magnitudes and no waveform."""

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState

from shared.autoencoders.magnitudes import MagnitudeDecoder
from shared.training.autoencoder import AutoencoderStep
from shared.training.crops import Crops
from shared.training.recipes import AutoencoderRecipe
from shared.training.teacher_features import TeacherFeatures
from tests.sources import SOURCES

SMOKE = SOURCES["longcat"].resolve("dim64", "smoke").autoencoder
MAGNITUDES = {"stft": [], "mel": [], "magnitude": {"n_mels": 40}}
ADVERSARY = {"discriminators": [{"kind": "stft", "n_ffts": [256], "channels": 4}], "start": 0}
STAGES = [
    {"steps": 4, "losses": ["reconstruction", "kl"]},
    {"steps": 4, "losses": ["reconstruction", "kl", "adversarial", "features"], "kept_off_encoder": ["adversarial"]},
]


@pytest.fixture(autouse=True)
def fresh_accelerator():
    AcceleratorState._reset_state(reset_partial_state=True)


def recipe(**changes) -> AutoencoderRecipe:
    data = SMOKE.model_dump() | {"reconstruction": MAGNITUDES, "adversary": None} | changes
    data["architecture"] |= {"n_fft": 512, "stft_hop": 128, "magnitudes": {}}
    return AutoencoderRecipe.model_validate(data)


def make_step(config: AutoencoderRecipe) -> AutoencoderStep:
    torch.manual_seed(0)
    waveforms = [np.random.default_rng(0).normal(size=20_000).astype(np.float32) * 0.1]
    teacher = TeacherFeatures(torch.randn(62, 6).half(), torch.tensor([0, 62])) if config.alignment else None
    return AutoencoderStep(config, Crops(waveforms, 8192, config.architecture.hop, teacher), 16_000, seed=0)


def test_steps_lower_the_loss_and_reach_every_weight():
    step = make_step(recipe())
    before = {name: each.clone() for name, each in step.autoencoder.named_parameters()}
    losses = [sum(step(0)[name] for name in ("log", "convergence", "mel")) for _ in range(6)]
    assert losses[-1] < 0.9 * losses[0]
    assert [name for name, each in step.autoencoder.named_parameters() if torch.equal(each, before[name])] == []


def test_no_phases_are_looked_for_in_training(monkeypatch):
    monkeypatch.setattr("shared.autoencoders.magnitudes.find_waveform", None)
    step = make_step(recipe(adversary=ADVERSARY))
    assert isinstance(step.autoencoder.decoder, MagnitudeDecoder)
    assert all(torch.isfinite(value) for value in step(0).values())


def test_an_adversary_hears_the_recordings_phases():
    """Magnitudes that are right make the recording itself."""
    step = make_step(recipe(adversary=ADVERSARY))
    decoder, audio = step.autoencoder.decoder, torch.randn(2, 1, 8192)
    heard = decoder.with_phases_of(decoder.stft.magnitude(audio[:, 0])[:, None], audio)
    torch.testing.assert_close(heard, audio, atol=1e-4, rtol=1e-4)


def test_a_loss_that_is_kept_off_the_encoder_stops_at_the_latent():
    """The encoder of a step with the adversary's term kept off it ends where one without the term does."""
    ends = []
    for weight in (0.0, 30.0):
        config = recipe(stages=STAGES, adversary=ADVERSARY | {"start": None, "weight": weight, "feature_weight": 0.0})
        step = make_step(config)
        step(4)
        ends.append([each.clone() for each in step.autoencoder.encoder.parameters()])
    for one, other in zip(*ends, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3)


def test_an_alignments_weight_follows_the_mel_terms_gradient():
    alignment = {"layer": "last", "weight": {"gradient_ratio": 0.5}}
    assert make_step(recipe(alignment=alignment))(0)["alignment_weight"] > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reconstruction": {"stft": [], "mel": []}}, "reconstruction.magnitude is missing"),
        ({"architecture": {"family": "rave"}}, "this one does not"),
    ],
)
def test_a_loss_that_does_not_fit_the_decoder_is_refused(change, message):
    data = recipe().model_dump() | change
    with pytest.raises(ValueError, match=message):
        AutoencoderRecipe.model_validate(data)
