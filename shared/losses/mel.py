"""Multi-scale mel loss (Kumar et al. 2023, DAC): short windows for transients, long ones for pitch."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.audio.spectral import mel_filterbank, safe_log
from shared.device import full_precision
from shared.losses.config import MelResolution
from shared.losses.spectra import Magnitudes, SpectralLoss

FLOOR = 1e-5  # of a mel magnitude before its logarithm, as in DAC


class LogMelLoss(nn.Module):
    """`mean |log M Y - log M X|` for magnitudes X (prediction), Y (target) and mel filters M.

    Raises:
        ConfigError: so many bands that a filter is empty.
    """

    filterbank: Tensor

    def __init__(self, n_fft: int, n_mels: int, sample_rate: int):
        super().__init__()
        self.register_buffer("filterbank", mel_filterbank(sample_rate, n_fft, n_mels), persistent=False)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Both `(batch, bins, frames)` -> scalar."""
        # In half precision the sum over bins would lose the quiet bands that the logarithm is there for.
        with full_precision(prediction.device):
            predicted, wanted = (safe_log(self.filterbank @ x, FLOOR) for x in (prediction, target))
        return F.l1_loss(predicted, wanted)


class MultiScaleMelLoss(SpectralLoss):
    """`mean_s LogMelLoss(X_s, Y_s)` over scales s; DAC sums, a mean lets one weight suit any number."""

    def __init__(self, scales: Sequence[MelResolution], sample_rate: int):
        super().__init__([scale.resolution for scale in scales])
        self.resolutions = [scale.resolution for scale in scales]
        self.terms = nn.ModuleList(LogMelLoss(scale.n_fft, scale.n_mels, sample_rate) for scale in scales)

    def compare(self, prediction: Magnitudes, target: Magnitudes) -> Tensor:
        pairs = zip(self.resolutions, self.terms, strict=True)
        return torch.stack([term(prediction[r], target[r]) for r, term in pairs]).mean()
