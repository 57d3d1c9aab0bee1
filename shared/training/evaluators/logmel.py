"""Log-mel features as `SeamlessM4TFeatureExtractor` makes them, and perturbations of them for training.

An evaluator judges speech that codecs and generators have distorted, so it learns from distorted speech. To distort
features costs next to nothing. So every step of training sees a clip with another vocal tract and tempo, with noise or
with a smeared spectrum.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from shared.audio.io import resample
from shared.training.evaluators.config import PerturbationConfig

SAMPLE_RATE = 16_000
BANDS = 80
HIGHEST_HZ = 8000.0
LOWEST_HZ = 20.0
WINDOW, HOP, N_FFT, EMPHASIS = 400, 160, 512, 0.97  # samples; fixed inside the extractor
FLOOR = 1.192092955078125e-07  # of the power, fixed inside the extractor
SILENCE = float(np.log(FLOOR))


def log_mel(extractor: Any, audio: np.ndarray, sample_rate: int) -> Tensor:
    """Log-mel power `(frames, 80)` in nepers of one clip `(time,)`, 100 frames a second, not normalised.

    The same numbers as the extractor's own (a Kaldi filterbank, which a test holds it to), whole clip at once
    instead of frame by frame: about ten times as quick, for corpora of thousands of clips.
    """
    samples = resample(audio, sample_rate, SAMPLE_RATE).astype(np.float64) * 2**15
    if len(samples) < WINDOW:
        samples = np.pad(samples, (0, WINDOW - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    frames = frames - frames.mean(1, keepdims=True)
    emphasised = np.concatenate([frames[:, :1] * (1 - EMPHASIS), frames[:, 1:] - EMPHASIS * frames[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft(emphasised * extractor.window, n=N_FFT)) ** 2
    mel = np.maximum(power @ extractor.mel_filters, FLOOR)
    return torch.from_numpy(np.log(mel).astype(np.float32))


def normalise(features: Tensor, lengths: Tensor) -> Tensor:
    """Give every band of each clip mean 0 and variance 1 over its `lengths` valid frames; padding becomes 0.

    What the extractor does when it is called by a user: `(batch, frames, 80)` to the same.
    """
    valid = (torch.arange(features.shape[1]) < lengths[:, None])[..., None].float()
    count = lengths[:, None, None]
    mean = (features * valid).sum(1, keepdim=True) / count
    variance = ((features - mean).square() * valid).sum(1, keepdim=True) / (count - 1).clamp_min(1)
    return (features - mean) / (variance + 1e-7).sqrt() * valid


def centre(features: Tensor, lengths: Tensor) -> Tensor:
    """Give each clip of `(batch, frames, 80)` mean 0 over all its valid cells; padding becomes 0.

    A model that begins with a layer norm over bands does not see the difference; masks, which are 0, do.
    """
    valid = (torch.arange(features.shape[1]) < lengths[:, None])[..., None].float()
    mean = (features * valid).sum((1, 2), keepdim=True) / (lengths[:, None, None] * BANDS)
    return (features - mean) * valid


def group(features: Tensor, lengths: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """Join every `stride` frames of `(batch, frames, 80)` into one; a rest is dropped.

    Returns:
        `(batch, frames // stride, 80 * stride)` and the attention mask `(batch, frames // stride)`.
    """
    whole = features.shape[1] // stride
    grouped = features[:, : whole * stride].reshape(len(features), whole, BANDS * stride)
    return grouped, (torch.arange(whole) < (lengths // stride)[:, None]).long()


def perturb(clips: list[Tensor], config: PerturbationConfig, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Bend a batch of features and pad it.

    Args:
        clips: log-mel features `(frames, 80)`, not normalised.
        config: how far.
        generator: the only source of randomness.

    Returns:
        `(batch, frames, 80)` and the valid frames of each `(batch,)`.
    """
    batch = len(clips)
    stretch = 1 + config.stretch * _symmetric((batch,), generator)
    warp = torch.exp(config.warp * _symmetric((batch,), generator))
    features, lengths = warp_and_stretch(clips, warp, stretch)
    return add_noise(features, config, generator), lengths


def warp_and_stretch(clips: list[Tensor], warp: Tensor, stretch: Tensor) -> tuple[Tensor, Tensor]:
    """Move the frequencies of each clip by the factor `warp` and its duration by `stretch`, both `(batch,)`.

    A clip's value at frequency f becomes what it had at `f / warp`; linear interpolation in both directions.
    Returns `(batch, frames, 80)` and the new lengths `(batch,)`.
    """
    old = torch.tensor([len(clip) for clip in clips])
    new = (old * stretch).long().clamp_min(1)
    padded = torch.nn.utils.rnn.pad_sequence(clips, batch_first=True, padding_value=SILENCE)
    lowest, highest = _mel(torch.tensor([LOWEST_HZ, HIGHEST_HZ]))
    step = (highest - lowest) / (BANDS + 1)
    centres = _hertz(lowest + step * torch.arange(1, BANDS + 1))
    band = (_mel(centres / warp[:, None]) - lowest) / step - 1
    frame = (torch.arange(int(new.max())) / stretch[:, None]).minimum(old[:, None] - 1.0)
    grid = torch.stack(
        torch.broadcast_tensors(
            (band / (BANDS - 1) * 2 - 1)[:, None, :], (frame / max(padded.shape[1] - 1, 1) * 2 - 1)[:, :, None]
        ),
        dim=-1,
    )
    warped = F.grid_sample(padded[:, None], grid, align_corners=True, padding_mode="border")
    return warped[:, 0], new


def add_noise(features: Tensor, config: PerturbationConfig, generator: torch.Generator) -> Tensor:
    """Tilt `(batch, frames, 80)`, add a noise floor to some clips and independent jitter to all."""
    batch = len(features)
    depth = config.loudest + (config.quietest - config.loudest) * torch.rand(batch, generator=generator)
    floor = features.amax((1, 2)) - depth
    noisy = torch.rand(batch, generator=generator) < config.noise
    floor = torch.where(noisy, floor, torch.full_like(floor, 2 * SILENCE))[:, None, None]
    tilt = 2 * _symmetric((batch, 1, 1), generator) * torch.linspace(-1, 1, BANDS)
    grain = 0.5 * torch.randn(features.shape, generator=generator)
    colour = config.colour * _symmetric((batch, 1, 1), generator) * torch.linspace(-1, 1, BANDS)
    features = torch.logaddexp(features + colour, floor + tilt + grain)
    jitter = config.jitter * torch.rand(batch, 1, 1, generator=generator)
    return features + jitter * torch.randn(features.shape, generator=generator)


def mask_spans(features: Tensor, lengths: Tensor, config: PerturbationConfig, generator: torch.Generator) -> Tensor:
    """Set one span of frames and two of bands of each normalised clip `(batch, frames, 80)` to its mean, zero."""
    batch, frames, bands = features.shape
    keep = torch.ones_like(features, dtype=torch.bool)
    for axis, size, widest, repeats in ((1, lengths, config.frames, 1), (2, bands, config.bands, 2)):
        for _ in range(repeats):
            start = (torch.rand(batch, generator=generator) * size).long()[:, None]
            width = (torch.rand(batch, generator=generator) * (widest + 1)).long()[:, None]
            place = torch.arange(frames if axis == 1 else bands)[None]
            inside = (place >= start) & (place < start + width)
            keep &= ~(inside[:, :, None] if axis == 1 else inside[:, None, :])
    return features * keep


def _symmetric(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return 2 * torch.rand(shape, generator=generator) - 1


def _mel(hertz: Tensor) -> Tensor:
    return 1127 * torch.log1p(hertz / 700)


def _hertz(mel: Tensor) -> Tensor:
    return 700 * torch.expm1(mel / 1127)
