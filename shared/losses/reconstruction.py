"""How far a reconstruction is from its waveform: L1, multi-resolution STFT, multi-scale mel and RAVE's distance."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.losses.config import ReconstructionConfig
from shared.losses.mel import MultiScaleMelLoss
from shared.losses.multi_resolution_stft import MultiResolutionStftLoss
from shared.losses.spectra import Spectra
from shared.losses.spectral_distance import SpectralDistance


class ReconstructionLoss(nn.Module):
    """`w_l1 mean |y - x| + w_stft MultiResolutionStftLoss(x, y) + w_mel MultiScaleMelLoss(x, y)`, and
    `+ w_spectral SpectralDistance(x, y)` if it is asked for.

    A spectral term without resolutions is left out.
    """

    def __init__(self, config: ReconstructionConfig, sample_rate: int):
        super().__init__()
        self.weights = config.weights
        self.stft = MultiResolutionStftLoss(config.stft, sample_rate if config.perceptual else None)
        self.mel = MultiScaleMelLoss(config.mel, sample_rate)
        self.spectral = SpectralDistance(config.spectral) if config.spectral else None
        self.spectra = Spectra([*self.stft.spectra.resolutions, *self.mel.spectra.resolutions])

    def forward(self, prediction: Tensor, target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Both `(batch, 1, time)` -> the total, and each unweighted term."""
        with torch.no_grad():
            wanted = self.spectra(target)
        predicted = self.spectra(prediction)
        parts = {"l1": F.l1_loss(prediction, target)}
        for name, loss in (("stft", self.stft), ("mel", self.mel)):
            if loss.spectra.resolutions:
                parts[name] = loss.compare(predicted, wanted)
        if self.spectral:
            parts["spectral"] = self.spectral(prediction, target)
        return sum(getattr(self.weights, name) * part for name, part in parts.items()), parts
