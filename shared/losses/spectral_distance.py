"""RAVE's multi-scale spectral distance (arXiv 2111.05011, stage 1)."""

import torch
from torch import Tensor

from shared.audio.pqmf import Pqmf
from shared.losses.config import Resolution
from shared.losses.spectra import Magnitudes, SpectralLoss
from shared.losses.spectral_distance_config import SpectralDistanceConfig

FLOOR = 1e-7  # added to what a logarithm is taken of, as in the released code


class SpectralDistance(SpectralLoss):
    """`S(x, y) = sum_n ||Y_n - X_n||_F / ||Y_n||_F + log term`, X_n and Y_n magnitudes at window n and hop n / 4.

    The log term is `mean |log Y_n - log X_n|` (released code), or `log mean |Y_n - X_n|` (the paper's
    `log ||Y_n - X_n||_1` but for a constant, which no gradient sees, so that it does not depend on batch and length).
    As in the released code an STFT is divided by the root of n, norms run over the whole batch, and with `bands` S of
    the bands is added, each band a waveform of its own. There the decoder's bands are compared before they are put
    together; here, after they were taken apart again, which is the same but for the filter bank's error.
    """

    def __init__(self, config: SpectralDistanceConfig):
        super().__init__([Resolution(n_fft=n_fft, hop=n_fft // 4) for n_fft in config.n_ffts])
        self.logarithm = config.logarithm
        self.bank = Pqmf(config.bands) if config.bands else None

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Both `(batch, channels, time)` -> scalar; time is a multiple of the bands.

        Raises:
            ValueError: of a band there are too few samples for the longest window.
        """
        distance = super().forward(prediction, target)
        if self.bank is None:
            return distance
        bands = [self.bank(x.reshape(-1, 1, x.shape[-1])).flatten(0, 1) for x in (prediction, target)]
        return distance + super().forward(*bands)

    def compare(self, prediction: Magnitudes, target: Magnitudes) -> Tensor:
        """S of magnitudes: no bands."""
        scales = self.spectra.resolutions
        distances = (self._scale(prediction[r] / r.n_fft**0.5, target[r] / r.n_fft**0.5) for r in scales)
        return sum(distances, torch.zeros(()))

    def _scale(self, prediction: Tensor, target: Tensor) -> Tensor:
        norm, difference = torch.linalg.vector_norm, target - prediction
        linear = norm(difference) / norm(target).clamp_min(FLOOR)
        if self.logarithm == "log_of_l1":
            return linear + (difference.abs().mean() + FLOOR).log()
        return linear + ((target + FLOOR).log() - (prediction + FLOOR).log()).abs().mean()


def build(config: SpectralDistanceConfig, sample_rate: int) -> SpectralDistance:
    """The loss, which is of bins and not of Hz."""
    return SpectralDistance(config)
