"""How far a reconstruction is from its waveform: L1, multi-resolution STFT, multi-scale mel and what is asked for."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.audio.stereo import sum_difference
from shared.losses.config import ReconstructionConfig
from shared.losses.mel import MultiScaleMelLoss
from shared.losses.multi_resolution_stft import MultiResolutionStftLoss
from shared.losses.spectra import Spectra


class ReconstructionLoss(nn.Module):
    """`w_l1 mean |y - x| + w_stft MultiResolutionStftLoss(x, y) + w_mel MultiScaleMelLoss(x, y)`, and further terms.

    These are, if they are asked for, `w_spectral SpectralDistance(x, y)`, `w_complex_stft ComplexStftLoss(x, y)` and
    `others`. A spectral term without resolutions is left out. Of stereo, all but L1 compare left and right, sum and
    difference, or both: then they are added.
    """

    def __init__(self, config: ReconstructionConfig, sample_rate: int):
        super().__init__()
        self.stereo = config.stereo
        self.weights = config.weights.model_dump() | {name: each.weight for name, each in config.others.items()}
        self.stft = MultiResolutionStftLoss(config.stft, sample_rate if config.perceptual else None)
        self.mel = MultiScaleMelLoss(config.mel, sample_rate)
        self.spectra = Spectra([*self.stft.spectra.resolutions, *self.mel.spectra.resolutions])
        asked = {"spectral": config.spectral, "complex_stft": config.complex_stft, **config.others}
        built = {name: each.build(sample_rate) for name, each in asked.items() if each}
        self.further = nn.ModuleDict(built)

    def forward(self, prediction: Tensor, target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Both `(batch, channels, time)` -> the total, and each unweighted term.

        Raises:
            ValueError: a sum and difference are asked for, and it is not stereo.
        """
        parts = {"l1": F.l1_loss(prediction, target)}
        for view in VIEWS[self.stereo]:
            for name, part in self._spectral(view(prediction), view(target)).items():
                parts[name] = parts[name] + part if name in parts else part
        return sum(self.weights[name] * part for name, part in parts.items()), parts

    def _spectral(self, prediction: Tensor, target: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            wanted = self.spectra(target)
        predicted = self.spectra(prediction)
        losses = (("stft", self.stft), ("mel", self.mel))
        parts = {name: loss.compare(predicted, wanted) for name, loss in losses if loss.spectra.resolutions}
        return parts | {name: loss(prediction, target) for name, loss in self.further.items()}


def _as_it_is(audio: Tensor) -> Tensor:
    return audio


VIEWS = {"channels": (_as_it_is,), "sum_difference": (sum_difference,), "both": (_as_it_is, sum_difference)}
