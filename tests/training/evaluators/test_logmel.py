"""Features and how they are distorted."""

import numpy as np
import pytest
import torch

from shared.training.evaluators.config import PerturbationConfig
from shared.training.evaluators.logmel import (
    add_noise,
    centre,
    group,
    log_mel,
    mask_spans,
    normalise,
    perturb,
    warp_and_stretch,
)
from shared.training.evaluators.training import make_extractor

NOTHING = PerturbationConfig(warp=0, stretch=0, noise=0, jitter=0, bands=0, frames=0)


def clip(seconds: float = 1.0) -> np.ndarray:
    return 0.1 * np.random.default_rng(0).standard_normal(int(16_000 * seconds)).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.03, 0.5, 1.234])
def test_equals_the_extractor(seconds):
    extractor = make_extractor(stride=1)
    theirs = extractor(
        clip(seconds),
        sampling_rate=16_000,
        pad_to_multiple_of=None,
        do_normalize_per_mel_bins=False,
        return_tensors="pt",
    )["input_features"][0]
    torch.testing.assert_close(log_mel(extractor, clip(seconds), 16_000), theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("stride", [2, 3, 4])
def test_normalised_and_grouped_equals_the_extractor(stride):
    extractor = make_extractor(stride)
    theirs = extractor(clip(1.21), sampling_rate=16_000, return_tensors="pt", pad_to_multiple_of=None)
    features = log_mel(extractor, clip(1.21), 16_000)[None]
    lengths = torch.tensor([features.shape[1]])
    inputs, mask = group(normalise(features, lengths), lengths, stride)
    torch.testing.assert_close(inputs, theirs["input_features"], atol=1e-4, rtol=0)
    assert mask.tolist() == theirs["attention_mask"].tolist()


def test_shorter_than_a_window_is_padded():
    assert log_mel(make_extractor(1), clip(0.01), 16_000).shape == (1, 80)


def test_padding_does_not_change_a_clip():
    features = torch.randn(1, 30, 80)
    padded = torch.nn.functional.pad(features, (0, 0, 0, 20), value=-15.0)
    alone, together = normalise(features, torch.tensor([30])), normalise(padded, torch.tensor([30]))
    torch.testing.assert_close(together[:, :30], alone)
    assert (together[:, 30:] == 0).all()


def test_no_perturbation_changes_nothing():
    clips = [torch.randn(20, 80), torch.randn(31, 80)]
    distorted, lengths = perturb(clips, NOTHING, torch.Generator().manual_seed(0))
    assert lengths.tolist() == [20, 31]
    for each, original in zip(distorted, clips, strict=True):
        torch.testing.assert_close(each[: len(original)], original, atol=1e-4, rtol=0)


def test_perturbation_follows_its_generator():
    clips = [torch.randn(20, 80)] * 2
    first, second, third = (
        perturb(clips, PerturbationConfig(), torch.Generator().manual_seed(seed))[0] for seed in (1, 1, 2)
    )
    assert torch.equal(first, second) and not torch.equal(first[:, :15], third[:, :15])


def test_warp_moves_a_band_by_the_factor():
    """A peak at 1000 Hz moves to 1200 Hz under the factor 1.2."""
    mel = lambda hertz: 1127 * np.log1p(hertz / 700)  # noqa: E731
    band = lambda hertz: (mel(hertz) - mel(20)) / (mel(8000) - mel(20)) * 81 - 1  # noqa: E731
    peak = torch.full((10, 80), -10.0)
    peak[:, round(band(1000))] = 5.0
    distorted, _ = warp_and_stretch([peak], torch.tensor([1.2]), torch.tensor([1.0]))
    assert int(distorted[0, 5].argmax()) == round(band(1200))


def test_stretch_changes_length_only():
    ramp = torch.arange(40.0)[:, None].expand(40, 80)
    longer, lengths = warp_and_stretch([ramp], torch.ones(1), torch.tensor([1.25]))
    assert lengths.tolist() == [50]
    torch.testing.assert_close(longer[0, :, 3], (torch.arange(50) / 1.25).clamp(max=39))


def test_noise_raises_the_floor_and_spares_the_peak():
    features = torch.full((8, 20, 80), -12.0)
    features[:, 10] = 5.0
    config = NOTHING.model_copy(update={"noise": 1.0, "loudest": 6.0, "quietest": 8.0})
    noisy = add_noise(features, config, torch.Generator().manual_seed(0))
    assert (noisy[:, 0].mean(1) > -6).all()
    assert (noisy[:, 10] - 5).abs().max() < 0.5


def test_masks_stay_within_their_widths():
    config = PerturbationConfig(bands=10, frames=7)
    masked = mask_spans(torch.ones(64, 50, 80), torch.full((64,), 50), config, torch.Generator().manual_seed(0))
    frames = (masked == 0).all(2).sum(1)
    bands = (masked == 0).all(1).sum(1)
    assert frames.max() == 7 and frames.min() == 0
    assert 10 < bands.max() <= 20


def test_centring_moves_a_clip_by_one_number():
    features, lengths = torch.randn(2, 30, 80) + 5, torch.tensor([30, 20])
    centred = centre(features, lengths)
    assert abs(float(centred[1, :20].mean())) < 1e-5 and (centred[1, 20:] == 0).all()
    torch.testing.assert_close((features - centred)[1, :20].std(), torch.tensor(0.0), atol=1e-4, rtol=0)
