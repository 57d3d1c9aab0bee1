"""Multi-resolution STFT loss (Yamamoto et al. 2020, Parallel WaveGAN, eqs. 4 to 6), as in auraloss."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.audio.spectral import safe_log
from shared.audio.weighting import a_weighting
from shared.losses.config import Resolution
from shared.losses.spectra import Magnitudes, SpectralLoss

FLOOR = 1e-4  # of a magnitude before its logarithm: auraloss's 1e-8 of a power


class MagnitudeLoss(nn.Module):
    """`||Y - X||_F / ||Y||_F + mean |log Y - log X|` for magnitudes X (prediction) and Y (target).

    The Frobenius norms run over the whole batch, so that a silent crop does not divide by zero.
    With a `sample_rate`, X and Y are first A-weighted, bin by bin: what an A-weighting filter on both
    waveforms does, without its convolution and with the STFT still of use to other losses.
    """

    gain: Tensor | None

    def __init__(self, n_fft: int, sample_rate: int | None = None):
        super().__init__()
        gain = None
        if sample_rate is not None:
            gain = a_weighting(torch.arange(n_fft // 2 + 1) * sample_rate / n_fft)[:, None]
        self.register_buffer("gain", gain, persistent=False)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Both `(batch, bins, frames)` -> scalar."""
        if self.gain is not None:
            prediction, target = prediction * self.gain, target * self.gain
        norm = torch.linalg.vector_norm
        convergence = norm(target - prediction) / norm(target).clamp_min(FLOOR)
        return convergence + F.l1_loss(safe_log(prediction, FLOOR), safe_log(target, FLOOR))


class MultiResolutionStftLoss(SpectralLoss):
    """`mean_r MagnitudeLoss(X_r, Y_r)` over resolutions r; A-weighted if given a `sample_rate`."""

    def __init__(self, resolutions: Sequence[Resolution], sample_rate: int | None = None):
        super().__init__(resolutions)
        self.terms = nn.ModuleList(MagnitudeLoss(r.n_fft, sample_rate) for r in self.spectra.resolutions)

    def compare(self, prediction: Magnitudes, target: Magnitudes) -> Tensor:
        pairs = zip(self.spectra.resolutions, self.terms, strict=True)
        return torch.stack([term(prediction[r], target[r]) for r, term in pairs]).mean()
