"""Semantic regressors: targets against librosa and NumPy, the loss by hand, and when the encoder learns from it."""

import librosa
import numpy as np
import pytest
import torch

from shared.audio.tight_stft import TightStft
from shared.losses.semantic import SemanticRegressors, SemanticTargets, chroma_filters
from shared.losses.semantic_config import SemanticRegressorsConfig

HOP, RATE = 1024, 16_000
CONFIG = SemanticRegressorsConfig(weight=1.0, detach_steps=3)


def tones(*hertz: float, frames: int = 8) -> torch.Tensor:
    """A tone for each channel, `(1, channels, time)`."""
    time = torch.arange(frames * HOP) / RATE
    return 0.3 * torch.stack([torch.sin(2 * torch.pi * f * time) for f in hertz]).unsqueeze(0)


def make(channels: int = 2, **changes) -> SemanticRegressors:
    torch.manual_seed(0)
    return SemanticRegressors(CONFIG.model_copy(update=changes), 5, HOP, RATE, channels)


def test_published_sizes_and_weights():
    with torch.device("meta"):
        regressors = SemanticRegressors(SemanticRegressorsConfig(weight=1.0), 256, 4096, 44_100, 2)
    assert [each.out_channels for each in regressors.regressors] == [128, 128, 128, 32]
    assert regressors.weights == [0.035, 0.05, 0.2, 0.1]
    assert regressors.targets.stft.n_fft == 8192 and regressors.targets.stft.hop == 4096
    assert sum(each.numel() for each in regressors.parameters()) == 257 * (3 * 128 + 32)
    bands = [(band.centre, band.width) for band in CONFIG.chroma]
    assert bands == [(1, 1), (5, 1.5), (9, 1)] and [27.5 * 2**c for c, _ in bands] == [55, 880, 14_080]


def test_chroma_filters_are_the_formula():
    """Gaussians of the distance to a pitch class, as wide as a bin, times a Gaussian of the octave."""
    n_fft, bins = 1024, 24
    octaves = np.log2(np.arange(1, n_fft // 2 + 1) * RATE / n_fft / 27.5)
    width = np.maximum(np.diff(octaves, append=octaves[-1] + np.log2(1 + 2 / n_fft)) * bins, 1)
    distance = octaves[None] * bins - np.arange(bins)[:, None]
    distance = (distance + bins / 2) % bins - bins / 2
    weights = np.exp(-0.5 * (2 * distance / width) ** 2)
    weights = weights / weights.sum(0) * np.exp(-0.5 * ((octaves - 5) / 1.5) ** 2)
    found = chroma_filters(RATE, n_fft, bins, 5.0, 1.5)[:, 1:].numpy()
    np.testing.assert_allclose(found, np.roll(weights, -6, axis=0), rtol=2e-3, atol=1e-6)


def test_targets_agree_with_numpy():
    audio = tones(300, 1000) + 0.01 * torch.randn(1, 2, 8 * HOP, generator=torch.Generator().manual_seed(0))
    *chroma, level = SemanticTargets(CONFIG, HOP, RATE, 2)(audio)
    magnitude = TightStft(2 * HOP, HOP, "same")(audio[0]).abs().numpy()
    for band, target in zip(CONFIG.chroma, chroma, strict=True):
        filters = librosa.filters.chroma(
            sr=RATE, n_fft=2 * HOP, n_chroma=128, ctroct=band.centre, octwidth=band.width, norm=1
        )
        np.testing.assert_allclose(target[0].numpy(), filters @ np.log1p(magnitude.mean(0)), rtol=1e-3, atol=1e-5)
    mel = librosa.filters.mel(sr=RATE, n_fft=2 * HOP, n_mels=32, htk=True, norm=None)
    left, right = (np.log10(mel @ channel + 1e-3) for channel in magnitude)
    np.testing.assert_allclose(level[0].numpy(), (left - right) / 3, rtol=1e-3, atol=1e-4)


def test_there_is_a_target_for_each_latent_frame_and_it_lies_there():
    audio = torch.zeros(1, 1, 10 * HOP)
    audio[..., 6 * HOP : 7 * HOP] = tones(440, frames=1)
    target = SemanticTargets(CONFIG, HOP, RATE, 1)(audio)[1]
    assert target.shape == (1, 128, 10) and target.sum(1).argmax() == 6


def test_an_octave_higher_has_the_same_chroma_in_another_band():
    targets = SemanticTargets(CONFIG, HOP, RATE, 1)
    low, high, other = (targets(tones(f)[:, :1]) for f in (880, 1760, 1245))
    places = [band[1][0, :, 4].argmax().item() for band in (low, high, other)]
    assert places[0] == places[1] and abs(places[2] - places[0]) in range(62, 67)
    assert high[2].sum() > low[2].sum()


def test_the_level_difference_is_zero_for_a_sound_in_the_middle_and_changes_sign_with_the_sides():
    targets = SemanticTargets(CONFIG, HOP, RATE, 2)
    audio = tones(440, 440)
    assert not targets(audio)[-1].any()
    left = targets(audio * torch.tensor([[1.0], [0.1]]))[-1]
    torch.testing.assert_close(targets(audio * torch.tensor([[0.1], [1.0]]))[-1], -left)
    assert left.max().item() == pytest.approx(1 / 3, rel=0.02)  # 20 dB are a decade of three


def test_the_loss_is_its_formula():
    regressors, audio = make(), tones(300, 1000)
    latents = torch.randn(1, 5, 8)
    expected, weights = 0, (0.035, 0.05, 0.2, 0.1)
    for weight, layer, target in zip(weights, regressors.regressors, regressors.targets(audio), strict=True):
        predicted = torch.einsum("od,bdt->bot", layer.weight[:, :, 0], latents) + layer.bias[:, None]
        expected += weight * (predicted - target).abs().mean()
    torch.testing.assert_close(regressors(latents, audio), expected)


def test_mono_has_chroma_alone():
    regressors = make(channels=1)
    assert len(regressors.regressors) == 3
    assert regressors(torch.randn(2, 5, 8), tones(300, 1000)[0].unsqueeze(1)).isfinite()


def test_the_latent_and_each_regressor_learn_from_it():
    regressors, latents = make(), torch.randn(1, 5, 8, requires_grad=True)
    regressors(latents, tones(300, 1000)).backward()
    assert latents.grad.abs().sum() > 0
    assert all(layer.weight.grad.abs().sum() > 0 for layer in regressors.regressors)


def test_silence_gives_a_finite_loss_and_gradient():
    regressors, latents = make(), torch.randn(1, 5, 8, requires_grad=True)
    loss = regressors(latents, torch.zeros(1, 2, 8 * HOP))
    loss.backward()
    assert loss.isfinite() and latents.grad.isfinite().all()
