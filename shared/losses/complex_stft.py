"""SAME's spectral distances (arXiv 2605.18613), which hear phase too.

X is the prediction's spectrogram and Y the target's, of a tight STFT in float32 with windows of a power of a sine; all
is over the bins and frames of each waveform.

contrast       ‖|Y| − |X|‖ / ‖|X| + |Y|‖, Frobenius norms, the denominator at least 1e-4
log_magnitude  mean |ln(1 + |X| / f) − ln(1 + |Y| / f)|, f² = std(|X|)² + std(|Y|)², each at least 1e-4
phase          mean ln(1 + |X − Y|² / s) + frequency + delay, s = std(|X − Y|²), at least 1e-5

with no gradient through f and s, and, over neighbouring frames for the instantaneous frequency and over neighbouring
bins for the group delay,

    mean w (1 − cos(Δ arg X − Δ arg Y)),  w = √(|X_k X_k'| |Y_k Y_k'|) over its mean, without gradient

where magnitude products below 1e-3 count as 1e-3, so that the phase of silence does not matter. What is not known of
SAME are the weights and the sizes; the released code's K-weighting before the transform is left out here.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.audio.tight_stft import TightStft
from shared.device import full_precision
from shared.losses.complex_stft_config import ComplexStftConfig

LEAST_NORM = 1e-4
LEAST_STD = 1e-4
LEAST_POWER_STD = 1e-5
LEAST_PRODUCT = 1e-3
LEAST_MAGNITUDE = 1e-8


class ComplexStftLoss(nn.Module):
    """Weighted sum of the terms, mean over resolutions.

    Raises:
        ConfigError: a hop that a tight STFT can't have.
    """

    def __init__(self, config: ComplexStftConfig):
        super().__init__()
        self.config = config
        self.transforms = nn.ModuleList(TightStft(each.n_fft, each.hop) for each in config.resolutions)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Both `(batch, channels, time)` -> scalar."""
        prediction, target = (audio.reshape(-1, audio.shape[-1]) for audio in (prediction, target))
        with full_precision(prediction.device):
            return torch.stack([self._terms(stft(prediction), stft(target)) for stft in self.transforms]).mean()

    def _terms(self, x: Tensor, y: Tensor) -> Tensor:
        """Complex `(batch, bins, frames)` twice -> scalar."""
        config, total = self.config, x.real.new_zeros(())
        if config.contrast or config.log_magnitude:
            magnitudes = x.abs().clamp_min(LEAST_MAGNITUDE), y.abs().clamp_min(LEAST_MAGNITUDE)
            total = total + config.contrast * contrast(*magnitudes) + config.log_magnitude * log_magnitude(*magnitudes)
        if config.phase:
            angles = turn_distance(x, y, dim=2) + turn_distance(x, y, dim=1)
            total = total + config.phase * (complex_distance(x, y) + angles)
        return total


def contrast(x: Tensor, y: Tensor) -> Tensor:
    """Of magnitudes `(batch, bins, frames)`: between 0 and 1, mean over the batch."""
    norm = torch.linalg.vector_norm
    return (norm(y - x, dim=(1, 2)) / norm(x + y, dim=(1, 2)).clamp_min(LEAST_NORM)).mean()


def log_magnitude(x: Tensor, y: Tensor) -> Tensor:
    """Of magnitudes `(batch, bins, frames)`: L1 distance of logarithms above a floor that follows the loudness."""
    of_x, of_y = (each.detach().std(dim=(1, 2), keepdim=True).clamp_min(LEAST_STD) for each in (x, y))
    floor = (of_x.square() + of_y.square()).sqrt()
    return F.l1_loss(torch.log1p(x / floor), torch.log1p(y / floor))


def complex_distance(x: Tensor, y: Tensor) -> Tensor:
    """Of complex `(batch, bins, frames)`: squared distance, its logarithm compressing the loud."""
    power = _power(x - y)
    scale = power.detach().std(dim=(1, 2), keepdim=True).clamp_min(LEAST_POWER_STD)
    return torch.log1p(power / scale).mean()


def turn_distance(x: Tensor, y: Tensor, dim: int) -> Tensor:
    """How differently two spectrograms turn from one frame (`dim` 2) or one bin (`dim` 1) to the next."""
    turns = [_turn(each, dim) for each in (x, y)]
    weight = (turns[0][1] * turns[1][1]).sqrt().detach()
    weight = weight / weight.mean()
    return (weight * (1 - (turns[0][0] * turns[1][0].conj()).real)).mean()


def _turn(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Unit complex numbers of the phase differences, less than units where it is quiet; and products of magnitudes."""
    length = x.shape[dim] - 1
    before, after = x.narrow(dim, 0, length), x.narrow(dim, 1, length)
    product = (before.abs() * after.abs()).clamp_min(LEAST_PRODUCT)
    return after * before.conj() / product, product


def _power(x: Tensor) -> Tensor:
    return x.real.square() + x.imag.square()


def build(config: ComplexStftConfig, sample_rate: int) -> ComplexStftLoss:
    """The loss, which is of bins and not of Hz."""
    return ComplexStftLoss(config)
